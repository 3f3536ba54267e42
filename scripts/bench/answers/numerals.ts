/** Chinese and banker's numerals, written out. */
import type { Amount } from "./amount.ts";
import { plain, shift } from "./amount.ts";

interface Script {
  digits: string;
  /** ten, hundred, thousand */
  small: string[];
  /** 10^4, 10^8, 10^12 */
  large: string[];
}

const COMMON: Script = {
  digits: "零一二三四五六七八九",
  small: ["", "十", "百", "千"],
  large: ["", "万", "亿", "万亿"],
};
const BANKER: Script = {
  digits: "零壹贰叁肆伍陆柒捌玖",
  small: ["", "拾", "佰", "仟"],
  large: ["", "万", "亿", "万亿"],
};

function section(n: number, script: Script): string {
  let out = "";
  let pendingZero = false;
  for (let place = 3; place >= 0; place--) {
    const digit = Math.floor(n / 10 ** place) % 10;
    if (digit === 0) pendingZero = out !== "";
    else {
      if (pendingZero) out += script.digits[0];
      pendingZero = false;
      out += script.digits[digit]! + script.small[place]!;
    }
  }
  return out;
}

function whole(n: bigint, script: Script): string {
  if (n === 0n) return script.digits[0]!;
  const sections: number[] = [];
  for (let rest = n; rest > 0n; rest /= 10000n) sections.push(Number(rest % 10000n));
  let out = "";
  for (let i = sections.length - 1; i >= 0; i--) {
    const value = sections[i]!;
    if (value === 0) continue;
    const gap = out !== "" && (value < 1000 || sections[i + 1] === 0);
    out += (gap ? script.digits[0]! : "") + section(value, script) + script.large[i]!;
  }
  return out;
}

/** 一万二千三百四十五, 十二点五, 负三. Below 10^12. */
export function chineseNumeral(a: Amount): string {
  const text = plain(shift(a, 0)).replace("-", "");
  const [before = "0", after = ""] = text.split(".");
  const digits = Array.from(after, (d) => COMMON.digits[Number(d)]!).join("");
  const integer = whole(BigInt(before), COMMON).replace(/^一十/, "十");
  return (a.units < 0n ? "负" : "") + integer + (digits ? "点" + digits : "");
}

/** 壹佰万元整 for whole amounts of money, positive and below 10^12. */
export function bankersNumeral(a: Amount): string {
  return whole(BigInt(plain(shift(a, 0))), BANKER) + "元整";
}
