/**
 * The kernel of the notebooks: tslab 1.0.22 with seven of its gaps closed. The kernelspec starts this file.
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
 * - `process.stdout.write(text, callback)` calls back.
 * - JupyterLab's question for earlier inputs, which tslab does not know, puts nothing on the terminal.
 * - The process ends when Jupyter says so, and when Jupyter is gone: nothing that the kernel started is
 *   left behind.
 */
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { setImmediate as nextTick } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const tslabRequire = createRequire(require.resolve("tslab"));

process.env.PATH = [join(root, "node_modules", ".bin"), join(root, ".venv", "bin"), process.env.PATH].join(
  delimiter,
);

/** tslab has no types for its inside. */
type Untyped = any;
type WriteStream = (name: string, text: string) => void;

const compiler = tslabRequire.resolve("@tslab/typescript-for-tslab");
const ts = tslabRequire(compiler);
// tslab loads this copy: the original's exports are read-only
require.cache[compiler]!.exports = { ...ts, ...cellsOnlyAndNullChecked(ts) };
const { JupyterHandlerImpl, ZmqServer } = require("tslab/dist/jupyter.js");
reportUnawaitedErrors(JupyterHandlerImpl.prototype);
callBackAfterWrites(JupyterHandlerImpl.prototype);
endWithJupyter(JupyterHandlerImpl.prototype);
passOverHistory(ZmqServer.prototype);
require("tslab/dist/main.js").startKernel({ configPath: process.argv[2], enableFindLocal: false });

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

function reportUnawaitedErrors(handler: Untyped): void {
  let running = false;
  const late: unknown[] = [];
  const keep = (error: unknown) => running || late.push(error); // tslab's own listener prints it in any case
  process.on("uncaughtException", keep);
  process.on("unhandledRejection", keep);

  const execute = handler.handleExecuteImpl;
  handler.handleExecuteImpl = async function (
    request: Untyped,
    writeStream: WriteStream,
    writeDisplayData: Untyped,
  ) {
    for (const error of late.splice(0))
      writeStream("stderr", `An error nobody awaited, from an earlier cell: ${inspect(error)}\n`);
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
      const done = typeof encoding === "function" ? encoding : callback;
      const written = write(text, encoding);
      if (typeof done === "function") queueMicrotask(() => done());
      return written;
    };
  };
}

function passOverHistory(server: Untyped): void {
  const handle = server.handleShellMessage;
  server.handleShellMessage = async function (socket: Untyped, ...frames: Uint8Array[]) {
    // identities, delimiter, signature, header (jupyter-client.readthedocs.io: the wire protocol)
    const texts = frames.map((frame) => Buffer.from(frame).toString("utf8"));
    const header = texts[texts.indexOf("<IDS|MSG>") + 2] ?? "{}";
    const { msg_type: type } = JSON.parse(header) as { msg_type?: string };
    const { warn } = console;
    if (type === "history_request") console.warn = () => undefined; // it warns before it first waits
    const handled = handle.call(this, socket, ...frames);
    console.warn = warn;
    await handled;
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
