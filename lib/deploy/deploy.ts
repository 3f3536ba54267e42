/** Stage 7: the merged model behind an OpenAI-compatible server, tried as others would use it. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { messages } from "../model/chat.ts";
import { armAdapter } from "../completions/models.ts";
import { LabError } from "../errors.ts";
import { interruptible } from "../interruptible.ts";
import type { Lab } from "../config/lab.ts";
import { quoteForShell } from "../shell.ts";
import { mergeAdapter, publishMerged } from "../run/merge.ts";
import { writeModelCard } from "./model-card.ts";
import type { Merged, MergeOptions } from "../run/merge.ts";
import type { TrainedArm } from "../records.ts";
import { openServer } from "../serving/serving.ts";
import type { OpenServer } from "../serving/serving.ts";
import type { StreamedResult } from "../serving/stream.ts";

export interface DeployOptions {
  /** Default: ckpts/merged_model. */
  model?: string;
  /** `transformers serve` whatever the profile names: no vLLM, no GPU. */
  simple?: boolean;
  signal?: AbortSignal;
}

export interface Deployment extends OpenServer {
  engine: "transformers" | "vllm";
  /** What clients must send as Authorization; null when the server asks for none. */
  apiKey: string | null;
}

/** Known to everybody on the machine, as the server is; a key of your own goes into FTMODEL_API_KEY. */
const LOCAL_KEY = "ftmodel-local";

/**
 * Merges an arm's adapter (default sft_grpo) and makes it the model that is deployed: `ckpts/merged_model`.
 * Returns the merge with its parity. Throws LabError as mergeAdapter, and when the arm has not been trained.
 */
export async function mergeForDeployment(
  lab: Lab,
  arm: TrainedArm = "sft_grpo",
  options: MergeOptions = {},
): Promise<Merged & { link: string }> {
  const merged = await mergeAdapter(lab, armAdapter(lab, arm)!, options);
  await writeModelCard(lab, merged.path, merged.parity); // with the evaluation that was made since
  return { ...merged, link: publishMerged(lab, merged) };
}

/**
 * Serves the merged model on 127.0.0.1:`deploy.port` (0 takes a free port) with the profile's engine, and
 * returns when a real completion has come back. The server ends with `stop()`, and with the kernel at the
 * latest. Throws LabError: nothing merged yet, port in use, no GPU where the engine needs one, server dead or
 * silent.
 */
export async function deploy(
  lab: Lab,
  { model = lab.paths.mergedModel, simple = false, signal }: DeployOptions = {},
): Promise<Deployment> {
  if (!existsSync(model))
    throw new LabError({
      what: "There is no merged model",
      where: model,
      todo: "Merge one first: mergeForDeployment(lab).",
    });
  const engine = simple ? "transformers" : lab.config.serving.engine;
  const apiKey = engine === "vllm" ? process.env.FTMODEL_API_KEY || LOCAL_KEY : null;
  // A deployment is a server of our own, also where the stages ask one that is already there.
  const own: Lab = {
    ...lab,
    config: {
      ...lab.config,
      serving: { ...lab.config.serving, url: "", teacherUrl: "", judgeUrl: "", engine },
    },
  };
  const server = await openServer(own, model, {
    port: lab.config.deploy.port,
    apiKey: apiKey ?? undefined,
    signal,
  });
  return { ...server, engine, apiKey };
}

/** Deploys, hands over, and always stops the server. */
export async function withDeployment<T>(
  lab: Lab,
  use: (deployment: Deployment) => Promise<T>,
  options: DeployOptions = {},
): Promise<T> {
  return interruptible(options.signal, async (signal) => {
    const deployment = await deploy(lab, { ...options, signal });
    const stopped = new Promise<never>((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason)),
    );
    try {
      signal.throwIfAborted(); // an interrupt at the end of the start came before anybody listened
      return await Promise.race([use(deployment), stopped]);
    } finally {
      await deployment.stop();
    }
  });
}

/**
 * Asks one question through the openai client and streams the answer; `onText` gets the pieces as they come.
 * Never rejects.
 */
export async function askStreamed(
  lab: Lab,
  { client }: Pick<Deployment, "client">,
  question: string,
  onText?: (piece: string) => void,
): Promise<StreamedResult> {
  const { system } = lab.config.prompt;
  return await client.streamComplete(
    { messages: messages(question, system), temperature: 0, maxTokens: lab.config.evaluate.maxTokens },
    onText,
  );
}

export interface CurlResult {
  /** To be pasted into a shell. A key of your own is named, not shown. */
  command: string;
  /** What curl printed; null when there is no curl on this machine. */
  output: string | null;
  /** The answer's text; null without curl. */
  text: string | null;
}

/**
 * The same question by curl: the command as one would type it, and what it really printed (run without a
 * shell). Throws LabError when curl fails or the answer is no chat completion.
 */
export async function askByCurl(
  lab: Lab,
  { client, url, apiKey }: Pick<Deployment, "client" | "url" | "apiKey">,
  question: string,
): Promise<CurlResult> {
  const body = JSON.stringify({
    model: client.model,
    messages: messages(question, lab.config.prompt.system),
    temperature: 0,
    max_tokens: lab.config.evaluate.maxTokens,
  });
  const key = apiKey && (process.env.FTMODEL_API_KEY ? "$FTMODEL_API_KEY" : apiKey);
  const target = `${url}/chat/completions`;
  // To this machine: no proxy has to see the question, and a dead one must not stop it.
  const command = [
    `curl --noproxy '*' ${target}`,
    "-H 'Content-Type: application/json'",
    ...(key ? [`-H "Authorization: Bearer ${key}"`] : []),
    `-d ${quoteForShell(body)}`,
  ].join(" \\\n  ");
  const args = [
    "--noproxy",
    "*",
    "--silent",
    "--show-error",
    "--max-time",
    String(Math.ceil(lab.config.serving.requestTimeoutMs / 1000)),
    target,
    "-H",
    "Content-Type: application/json",
    "-d",
    body,
  ];
  try {
    // The key goes through stdin (`-H @-`): command lines are public on a machine.
    const running = promisify(execFile)("curl", [...args, ...(apiKey ? ["-H", "@-"] : [])], {
      maxBuffer: 16 * 2 ** 20,
    });
    running.child.stdin!.on("error", () => undefined); // it ended without reading; its exit tells
    running.child.stdin!.end(apiKey ? `Authorization: Bearer ${apiKey}\n` : "");
    const { stdout } = await running;
    return { command, output: stdout, text: textOf(stdout, target) };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return { command, output: null, text: null };
    if (cause instanceof LabError) throw cause;
    const said = (cause as { stderr?: string }).stderr?.trim();
    throw new LabError(
      { what: "curl got no answer", where: target, found: said || (cause as Error).message },
      { cause },
    );
  }
}

function textOf(output: string, where: string): string {
  try {
    const { choices } = JSON.parse(output) as { choices: { message: { content: string } }[] };
    return choices[0]!.message.content;
  } catch (cause) {
    throw new LabError(
      { what: "The answer is no chat completion", where, found: output.slice(0, 300) },
      { cause },
    );
  }
}
