// The client's own code before it measures. That of the reference is compiled before it starts, ours by V8 while it runs: on two cores the first thousands of
// requests would measure the compiler of the client. So it does its workloads once with a bare server of Node; the server under measurement is left alone.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { collectGarbage } from '../../src/base/v8/collect-garbage.ts'
import { answeredByBare, BareServer } from '../bare-server.ts'
import { Connections } from './connections.ts'
import { workloads } from './workloads.ts'

export async function warmUp(wanted: readonly string[], connectionCount: number): Promise<void> {
  const ids = answeredByBare(wanted)
  if (ids.length === 0) return
  const directory = mkdtempSync(join(tmpdir(), 'bulkhead-bench-'))
  try {
    using server = await BareServer.start(directory)
    using connections = await Connections.open(server.credentials, connectionCount)
    for (const { id, run } of workloads) if (ids.includes(id)) await run(connections)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
  // Its garbage must not be collected during a measurement.
  collectGarbage('regular')
}
