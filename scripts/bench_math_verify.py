"""
Judges pairs with math-verify: one JSON object a line on stdin, {"gold", "prediction"}; on stdout one line
{"verdicts": [...], "seconds": s}.

Used by `npm run bench:answers` only. Time-outs of single pairs are left out: they use signals and cost more
than they save here.
"""

import json
import logging
import sys
import time

from math_verify import parse, verify


def is_right(gold: str, prediction: str) -> bool:
    try:
        return bool(
            verify(
                parse(gold, parsing_timeout=None),
                parse(prediction, parsing_timeout=None),
                timeout_seconds=None,
            )
        )
    except Exception:  # whatever it throws on, it did not accept
        return False


def main() -> None:
    logging.disable(logging.CRITICAL)
    pairs = [json.loads(line) for line in sys.stdin]
    is_right("1", "1")  # the first call builds the parser
    start = time.perf_counter()
    verdicts = [is_right(pair["gold"], pair["prediction"]) for pair in pairs]
    json.dump({"verdicts": verdicts, "seconds": time.perf_counter() - start}, sys.stdout)


if __name__ == "__main__":
    main()
