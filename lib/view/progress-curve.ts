/** The curve of texts that are being had: distilled, judged, answered. Pure but for the clock. */

/** Texts being had, one after another, or all of them there. Times in seconds since the start. */
export interface ProgressCurve {
  total: number;
  done: number;
  failed: number;
  /** Rows that were on disk before this start. */
  resumed?: number;
  tokensPerSecond: number | null;
  etaSeconds: number | null;
  failures?: Record<string, number>;
  /** Oldest first. */
  history: readonly { seconds: number; done: number; tokensPerSecond: number | null }[];
}

/** How far it is at one moment. */
export interface Progress {
  total: number;
  /** On disk, those of earlier calls included. */
  done: number;
  /** Had by this call. */
  asked: number;
  tokensPerSecond: number | null;
  etaSeconds: number | null;
  /** Cause → count. */
  failures: Record<string, number>;
}

/** More points than a figure has pixels are thinned out. */
const MAX_POINTS = 600;

/** Turns progress after progress into one growing curve. `now` in ms. Pure but for the clock. */
export function curveRecorder(now: () => number): (progress: Progress | null) => ProgressCurve {
  let started: number | null = null;
  let history: { seconds: number; done: number; tokensPerSecond: number | null }[] = [];
  return (progress) => {
    if (progress === null)
      return { total: 0, done: 0, failed: 0, tokensPerSecond: null, etaSeconds: null, history };
    started ??= now(); // before the server is started: its loading is the flat beginning of the curve
    const { total, done, asked, tokensPerSecond, etaSeconds, failures } = progress;
    if (history.at(-1)?.done !== done)
      history = [...thinned(history), { seconds: (now() - started) / 1000, done, tokensPerSecond }];
    const failed = Object.values(failures).reduce((sum, n) => sum + n, 0);
    return { total, done, failed, resumed: done - asked, tokensPerSecond, etaSeconds, failures, history };
  };
}

/** Every other point once there are too many; the first stays. */
function thinned<T>(points: readonly T[]): readonly T[] {
  return points.length < MAX_POINTS ? points : points.filter((_, i) => i % 2 === 0);
}
