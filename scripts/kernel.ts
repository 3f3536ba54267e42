/**
 * The kernel of the notebooks: tslab 1.0.22 with its gaps closed. The kernelspec starts this file.
 *
 * - Cells are checked with `strictNullChecks`: without it `if (!result.ok)` does not narrow, and every
 *   field of a zod
 *   type is optional. (Not fully `strict`: a reader may leave a parameter's type out.)
 * - Only the cell is checked and compiled. tslab does so with every file that a cell imports, seconds of
 *   work, and then throws
 *   away all it found outside the notebook's folder.
 * - `{ rate }` finds the `rate` of an earlier cell, and `const { rate: r } = plan` takes the plan of one
 *   apart.
 * - An error that nobody awaits is printed in the cell that caused it, or else at the start of the next
 *   one: Jupyter drops
 *   what arrives between two cells.
 * - An error is its message: of the stack below it a reader can do nothing with a line. An interrupted cell
 *   that has said so itself says nothing more.
 * - A name that no cell has brought yet is said to come from the cells above.
 * - A cell that listens for an interrupt from its first line on is heard, and the kernel lives on. It may
 *   come as a message, as from VS Code (pipeline/user-kernel.ts).
 * - `process.stdout.write(text, callback)` calls back.
 * - Tab inside quotes completes what is typed: tslab offers every key, to be put behind it.
 * - JupyterLab's question for earlier inputs, which tslab does not know, puts nothing on the terminal.
 * - It answers a client that has asked before the kernel was there, as JupyterLab does at every restart.
 * - It lives through changes of the folders that it imports from: packages installed, a branch pulled.
 * - A cell that is run as soon as another has failed or was interrupted is run, not dropped without a word.
 * - The process ends when Jupyter says so, and when Jupyter is gone: nothing that the kernel started is
 *   left behind.
 */
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { setImmediate as nextTick, setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const tslabRequire = createRequire(require.resolve("tslab"));

process.env.PATH = [join(root, "node_modules", ".bin"), join(root, ".venv", "bin"), process.env.PATH].join(
  delimiter,
);

// A training starts without the seconds in which Python loads torch (lib/run/warm.ts).
process.env.FTMODEL_WARM ??= "1";

/** tslab has no types for its inside. */
type Untyped = any;
type WriteStream = (name: string, text: string) => void;

const RUN_ABOVE =
  "  to do:    Names come from the cells above: run those first (menu Run, Run All Above Selected Cell).";

/** Whether stderr told anything since the last interrupt. */
let toldSinceInterrupt = false;
/** Whether a cell runs, and the errors that came between two. */
let running = false;
const late: unknown[] = [];

const compiler = tslabRequire.resolve("@tslab/typescript-for-tslab");
const ts = tslabRequire(compiler);
// tslab loads this copy: the original's exports are read-only
require.cache[compiler]!.exports = { ...ts, ...cellsOnlyAndNullChecked(ts) };
const executor = require("tslab/dist/executor.js");
const { JupyterHandlerImpl, ZmqServer } = require("tslab/dist/jupyter.js");
const { TaskQueue } = require("tslab/dist/util.js");
tellMessagesOnly(executor);
keepInterruptsHeard();
reportUnawaitedErrors(JupyterHandlerImpl.prototype);
callBackAfterWrites(JupyterHandlerImpl.prototype);
completeInsideQuotes(JupyterHandlerImpl.prototype);
endWithJupyter(JupyterHandlerImpl.prototype);
warnOfNoMessage(ZmqServer.prototype, "history_request", "interrupt_request");
hearInterruptMessages(ZmqServer.prototype);
readOnceAllAreBound(ZmqServer.prototype, tslabRequire("zeromq").Socket.prototype);
takeTheNextCell(JupyterHandlerImpl.prototype, TaskQueue.prototype);
require("tslab/dist/main.js").startKernel({ configPath: process.argv[2], enableFindLocal: false });
tellUnawaited("uncaughtException", "unhandledRejection");

function cellsOnlyAndNullChecked(ts: Untyped): Untyped {
  const cellFolder = process.cwd() + "/";
  return {
    createWatchCompilerHost: (rootFiles: Untyped, options: Untyped, ...rest: Untyped[]) =>
      ts.createWatchCompilerHost(
        rootFiles,
        { ...options, strictNullChecks: true, lib: ["lib.es2023.d.ts"] },
        ...rest,
      ),
    createWatchProgram(host: Untyped) {
      outliveChangedFolders(host);
      const { afterProgramCreate } = host;
      host.afterProgramCreate = (program: Untyped) => {
        const all = program.getAllDependencies;
        program.getAllDependencies = (file: Untyped) =>
          all.call(program, file).filter((path: string) => path.startsWith(cellFolder));
        const { emit } = program;
        program.emit = (
          file: Untyped,
          write: Untyped,
          signal: Untyped,
          declarationsOnly: Untyped,
          transformers: Untyped,
        ) =>
          emit.call(program, file, write, signal, declarationsOnly, {
            ...transformers,
            before: [() => writtenOut(ts, program.getProgram().getTypeChecker())],
          });
        afterProgramCreate(program);
      };
      return ts.createWatchProgram(host);
    },
  };
}

/**
 * The compiler has two timers and tslab a place for one: after a change in a folder where a module was looked
 * for in vain (a package is installed, a branch pulled) no cell would ever be answered again. The second
 * timer is for between two cells: what it would do, the next cell's check does first.
 */
function outliveChangedFolders(host: Untyped): void {
  const { setTimeout, clearTimeout } = host;
  const unneeded = {};
  host.setTimeout = (callback: Untyped, ...rest: Untyped[]) =>
    callback.name === "invalidateResolutionsOfFailedLookup" ? unneeded : setTimeout(callback, ...rest);
  host.clearTimeout = (timer: Untyped) => timer === unneeded || clearTimeout(timer);
}

/**
 * Writes `{ rate }` as `{ "rate": exports.rate }` where an earlier cell declares rate, and `{ rate: r } =
 * plan` as `{ "rate": r } = plan` where it declares the plan: tslab takes that rate for a variable.
 */
function writtenOut(ts: Untyped, checker: Untyped): (file: Untyped) => Untyped {
  const { factory } = ts;
  const earlier = (symbol: Untyped) =>
    (symbol?.declarations ?? []).some((at: Untyped) => at.getSourceFile().fileName.endsWith("__prev__.d.ts"));
  const isEarlierName = (name: Untyped) =>
    name && ts.isIdentifier(name) && earlier(checker.getSymbolAtLocation(name));
  const quoted = (name: Untyped) => factory.createStringLiteral(name.text);
  const visit = (node: Untyped): Untyped => {
    if (ts.isShorthandPropertyAssignment(node) && earlier(checker.getShorthandAssignmentValueSymbol(node))) {
      const value = factory.createPropertyAccessExpression(
        factory.createIdentifier("exports"),
        node.name.text,
      );
      const otherwise = node.objectAssignmentInitializer; // ({ rate = 1 } = plan)
      return factory.createPropertyAssignment(
        quoted(node.name),
        otherwise ? factory.createAssignment(value, visit(otherwise)) : value,
      );
    }
    const inside = ts.visitEachChild(node, visit, ts.nullTransformationContext);
    if (ts.isPropertyAssignment(node) && isEarlierName(node.name))
      return factory.updatePropertyAssignment(inside, quoted(node.name), inside.initializer);
    if (ts.isBindingElement(node) && isEarlierName(node.propertyName))
      return factory.updateBindingElement(
        inside,
        inside.dotDotDotToken,
        quoted(node.propertyName),
        inside.name,
        inside.initializer,
      );
    return inside;
  };
  return visit;
}

function expectWords(): void {
  toldSinceInterrupt = false;
}

function tellMessagesOnly(executor: Untyped): void {
  process.on("SIGINT", expectWords);
  const create = executor.createExecutor;
  executor.createExecutor = (folder: string, converters: Untyped, output: Untyped) => {
    let isMissing = false;
    const tell = (...told: unknown[]) => {
      const [error] = told;
      isMissing ||= /^Cannot find name '\w+'\.$/.test(String(told.at(-1)));
      if (told.length > 1 || !(error instanceof Error)) return output.error(...told);
      if (error.message !== "Interrupted asynchronously") return output.error(messageOf(error));
      if (!toldSinceInterrupt) output.error("Interrupted.");
    };
    const made = create(folder, converters, { ...output, error: tell });
    const execute = made.execute;
    made.execute = async (code: string) => {
      isMissing = false;
      const isDone = await execute(code);
      if (isMissing) output.error(RUN_ABOVE);
      return isDone;
    };
    return made;
  };
}

/**
 * A cell's first, synchronous part runs with `breakOnSigint`, which puts the signal's default back when it is
 * over: where that part began to listen for it (the first await of a cell is often our own), the next
 * interrupt would end the kernel. Listening anew puts the handler back.
 */
function keepInterruptsHeard(): void {
  const vm = require("node:vm");
  const run = vm.runInThisContext;
  vm.runInThisContext = (code: string, options: Untyped) => {
    try {
      return run(code, options);
    } finally {
      const listeners = process.rawListeners("SIGINT").filter((listener) => listener !== expectWords);
      process.removeAllListeners("SIGINT");
      for (const listener of [expectWords, ...listeners]) process.on("SIGINT", listener as () => void);
    }
  };
}

/** In place of tslab's own two listeners, which print the stack. */
function tellUnawaited(...events: string[]): void {
  for (const event of events) {
    for (const listener of process.listeners(event as never))
      if (listener !== keepUnawaited) process.off(event, listener);
    process.on(event, (error: unknown) => console.error(`An error nobody awaited: ${messageOf(error)}`));
  }
}

/** A LabError's sentences; of another error its kind and message, and what caused it; any other value. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return inspect(error);
  if (inspect.custom in error) return error.message;
  const message = `${error.name}: ${error.message}`;
  return error.cause instanceof Error ? `${message}\n  because: ${messageOf(error.cause)}` : message;
}

/** Between two cells Jupyter drops what is printed; within one, tellUnawaited prints it in any case. */
function keepUnawaited(error: unknown): void {
  if (!running) late.push(error);
}

function reportUnawaitedErrors(handler: Untyped): void {
  process.on("uncaughtException", keepUnawaited);
  process.on("unhandledRejection", keepUnawaited);

  const execute = handler.handleExecuteImpl;
  handler.handleExecuteImpl = async function (
    request: Untyped,
    writeStream: WriteStream,
    writeDisplayData: Untyped,
  ) {
    for (const error of late.splice(0))
      writeStream("stderr", `An error nobody awaited, from an earlier cell: ${messageOf(error)}\n`);
    running = true;
    try {
      return await execute.call(this, request, writeStream, writeDisplayData);
    } finally {
      await nextTick(); // unhandled rejections are announced only now
      running = false;
    }
  };
}

function callBackAfterWrites(handler: Untyped): void {
  const createWrite = handler.createWriteToIopub;
  handler.createWriteToIopub = function (name: string, writeStream: WriteStream) {
    const write = createWrite.call(this, name, writeStream);
    return (text: string | Uint8Array, encoding?: unknown, callback?: unknown) => {
      if (name === "stderr") toldSinceInterrupt = true;
      const done = typeof encoding === "function" ? encoding : callback;
      const written = write(text, encoding);
      if (typeof done === "function") queueMicrotask(() => done());
      return written;
    };
  };
}

function completeInsideQuotes(handler: Untyped): void {
  const complete = handler.handleComplete;
  handler.handleComplete = function (request: Untyped) {
    const reply = complete.call(this, request);
    const typed = /["']([^"'\n]*)$/.exec(request.code.slice(0, request.cursor_pos))?.[1];
    if (typed === undefined || reply.cursor_start !== reply.cursor_end) return reply;
    const matches = reply.matches.filter((name: string) => name.startsWith(typed));
    return matches.length === 0
      ? reply
      : { ...reply, matches, cursor_start: request.cursor_pos - typed.length };
  };
}

/**
 * A failed cell cancels those that wait behind it ("Run All"). tslab goes on cancelling for 200 ms after its
 * reply, and so the cell of a reader who is quick, or of a program. Here the reply itself waits the moment in
 * which what has already arrived is read: what is sent after it runs.
 */
function takeTheNextCell(handler: Untyped, queue: Untyped): void {
  const { reset } = queue;
  queue.reset = () => undefined;
  const execute = handler.handleExecute;
  handler.handleExecute = async function (...request: Untyped[]) {
    const reply = await execute.apply(this, request);
    if (reply.status === "error") {
      await pause(10);
      reset.call(this.execQueue);
    }
    return reply;
  };
}

/**
 * tslab reads from each socket while the others are still being bound. What a client has sent already, as at
 * every restart, finds a socket that may not be used yet: the answer is lost or, worse, the loop that reads
 * ends, and the kernel hears nothing more.
 */
function readOnceAllAreBound(server: Untyped, socket: Untyped): void {
  const { promise: areBound, resolve } = Promise.withResolvers<void>();
  const { init } = server;
  server.init = async function () {
    await init.call(this);
    resolve();
  };
  const iterate = socket[Symbol.asyncIterator];
  socket[Symbol.asyncIterator] = function () {
    const { next } = iterate.call(this);
    return { next: () => areBound.then(next) };
  };
}

function warnOfNoMessage(server: Untyped, ...types: string[]): void {
  const handle = server.handleShellMessage;
  server.handleShellMessage = async function (socket: Untyped, ...frames: Uint8Array[]) {
    // identities, delimiter, signature, header (jupyter-client.readthedocs.io: the wire protocol)
    const texts = frames.map((frame) => Buffer.from(frame).toString("utf8"));
    const header = texts[texts.indexOf("<IDS|MSG>") + 2] ?? "{}";
    const { msg_type: type } = JSON.parse(header) as { msg_type?: string };
    const { warn } = console;
    if (types.includes(type ?? "")) console.warn = () => undefined; // it warns before it first waits
    const handled = handle.call(this, socket, ...frames);
    console.warn = warn;
    await handled;
  };
}

/** tslab says that it is busy with a message once it has checked its signature. */
function hearInterruptMessages(server: Untyped): void {
  const { publishStatus } = server;
  server.publishStatus = function (status: string, message: Untyped) {
    publishStatus.call(this, status, message);
    if (status !== "busy" || message.header.msg_type !== "interrupt_request") return;
    process.kill(process.pid, "SIGINT");
    const reply = message.createReply();
    reply.header.msg_type = "interrupt_reply";
    reply.content = { status: "ok" };
    reply.signAndSend(this.connInfo.key, this.control);
  };
}

function endWithJupyter(handler: Untyped): void {
  const close = handler.close;
  handler.close = function () {
    close.call(this);
    setTimeout(() => process.exit(0), 100); // after the reply has left; "exit" listeners stop the servers
  };
  const parent = process.ppid;
  setInterval(() => process.ppid === parent || process.exit(0), 2000).unref();
}
