/**
 * Plain arithmetic in the notation of the world's steps: sums, differences, products, percentages and
 * quotients, eight a row.
 */
import type { Random } from "../../lib/stats/random.ts";
import { percent, plain } from "../../lib/world/index.ts";

export function drillRow(random: Random): { prompt: string; response: string } {
  const lines = Array.from({ length: 8 }, () => drill(random));
  return {
    prompt: lines.map((line) => line.slice(0, line.lastIndexOf("="))).join("\n"),
    response: lines.join("\n"),
  };
}

const RATES = [5, 10, 15, 20, 25, 30, 40, 45, 50, 60, 70, 75, 80, 90];

function drill(random: Random): string {
  const [a, b] = [amount(random), amount(random)];
  switch (random.int(0, 7)) {
    case 0:
      return `${a}+${b}=${a + b}`;
    case 1:
    case 2:
      return a >= b ? `${a}-${b}=${a - b}` : `${b}-${a}=${b - a}`;
    case 3: {
      const rate = random.pick([...RATES, 2, 3, 4, 6, 7, 8, 9, 105, 110, 120, 130, 150]);
      return `${a}*${rate}%=${plain((a * rate) / 100)}`;
    }
    case 4: {
      const times = random.int(2, 20);
      return `${a}*${times}=${a * times}`;
    }
    case 5: {
      const whole = 20 * random.int(2, 150);
      const part = (whole * random.pick(RATES)) / 100;
      return `${part}/${whole}=${percent(part / whole)}`;
    }
    case 6: {
      const [divisor, quotient] = [
        random.pick([2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 120, 150]),
        amount(random),
      ];
      return `${divisor * quotient}/${divisor}=${quotient}`;
    }
    default: {
      const [factor, value] = [random.pick([110, 120, 125, 150]), 20 * random.int(2, 150)];
      return `${plain((value * factor) / 100)}/${plain(factor / 100)}=${value}`;
    }
  }
}

/** A whole number of the sizes that questions use: 1 to 4 digits, mostly round. */
function amount(random: Random): number {
  return random.pick([1, 1, 5, 10, 20, 100]) * random.int(1, 90);
}
