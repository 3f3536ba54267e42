/** The report from a cell of a notebook. */
import { type Lab, openLab } from "../config/lab.ts";
import { show } from "../show/show.ts";

/**
 * Exports the notebooks as they stand on disk, as `npm run report` does but without PDFs, and shows what was
 * exported. Of this notebook, too, what was saved last counts: save it (Ctrl+S) first, then run the cell.
 *
 * @throws LabError when no notebook has been run and saved, or the workspace cannot be written.
 * @example await exportReport();
 */
export async function exportReport(lab: Lab = openLab()): Promise<void> {
  // loaded only now: the first cell of a notebook should not wait for it
  const { exportReports, exportedTable } = await import("./report.ts");
  await show(exportedTable(await exportReports(lab, { pdf: false }), lab));
}
