// The thread of the part `artifacts` that reads, keeps and matches the software of images. It reads images in processes without rights.
import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { FindingsFiles } from '../../artifacts/findings/findings-files.ts'
import { LocalFindings } from '../../artifacts/findings/local-findings.ts'
import { serveFindings } from '../../artifacts/findings/serve-findings.ts'
import { systemClock } from '../../base/clock.ts'
import { readSoftware } from '../sbom/read-software.ts'
import { bulkheadVersion } from '../terminal/version.ts'

export interface FindingsWorkerData {
  /** Where it keeps what it knows. */
  readonly folder: string
  /** Folders of imported advisories. */
  readonly advisories: readonly string[]
}

const { folder, advisories } = workerData as FindingsWorkerData
if (parentPort === null) throw new Error('It runs as a thread only')
// It shares the machine with the loop that answers questions of admission, and the processes that it starts inherit this.
setPriority(10)
const files = new FindingsFiles(folder)
const catalogue = (layout: string, signal: AbortSignal) => readSoftware(layout, {}, signal)
serveFindings(new LocalFindings({ files, advisories, catalogue, clock: systemClock, version: bulkheadVersion }), parentPort)
