// What folders hold, as `du` counts it: blocks, not lengths, each file once, and nothing of other file systems mounted in them.
import { execFile } from 'node:child_process'
import type { DiskResource } from './thresholds.ts'

/** A pod may fill its folders with millions of files: what takes longer is not known. */
const limitMs = 60_000
const maxOutput = 16 << 20

/** By path; what is not there is missing. Rejects where nothing could be counted at all. */
export async function diskUsage(paths: readonly string[], resource: DiskResource, signal: AbortSignal): Promise<Map<string, number>> {
  if (paths.length === 0) return new Map()
  const unit = resource === 'inodes' ? '--inodes' : '--block-size=1'
  // Its own process: the loop of the agent waits for no disk.
  const text = await new Promise<string>((resolve, reject) => {
    const options = { signal, timeout: limitMs, maxBuffer: maxOutput }
    execFile('du', ['-s', '-x', '-0', unit, '--', ...paths], options, (err, stdout, stderr) => {
      // Exit code 1 is also that a file went away meanwhile.
      if (err === null || err.code === 1) resolve(stdout)
      else reject(new Error(`Cannot count what pods hold on the disk: ${stderr.trim().split('\n').at(-1) || err.message}`, { cause: err }))
    })
  })
  return new Map(
    text
      .split('\0')
      .filter(line => line !== '')
      .map(line => {
        const tab = line.indexOf('\t')
        return [line.slice(tab + 1), Number(line.slice(0, tab))]
      }),
  )
}
