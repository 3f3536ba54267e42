/**
 * A foreign server to try a line by hand; prints its URL:
 * node lib/testing/foreign-child.ts QUESTIONS.jsonl STYLE [PORT]
 */
import { readQuestions } from "../prepare/read-questions.ts";
import { FOREIGN_STYLES } from "./foreign-answers.ts";
import { startForeign } from "./foreign-server.ts";

const [file, style = "instruct", port = "0"] = process.argv.slice(2);
const known = FOREIGN_STYLES.find((name) => name === style);
const usage = `usage: foreign-child.ts QUESTIONS.jsonl ${FOREIGN_STYLES.join("|")} [PORT]`;
if (!file || !known) throw new Error(usage);
console.log((await startForeign(readQuestions(file).questions, known, Number(port))).url);
