// The child of the crash tests: writes until it is killed or its store fails, and prints each acknowledged write as `name revision`, each
// failure as `failed message`. Argument: the directory.
import { writeSync } from 'node:fs'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { codeOf } from '../../base/user-error.ts'
import { testSealer } from '../records/sealer.testing.ts'
import type { Entry } from '../store.ts'
import { openSqliteStore } from './sqlite-store.ts'

const directory = process.argv[2] ?? ''
const keep = { revisions: 100 }
const store = await openSqliteStore({ directory, sealer: testSealer(), clock: systemClock, log: silentLogger, keep })
const pods = store.collection({ groupResource: 'pods' })

function write(name: string, i: number): Promise<Entry> {
  const object = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'default', name }, data: { i: String(i), fill: 'x'.repeat(1000) } }
  return pods.write({ namespace: 'default', name, expected: pods.newest('default', name), object })
}

/** Writes everything, however slowly the parent reads. */
function print(line: string): void {
  for (let rest = Buffer.from(line); rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(1, rest))
    } catch (err) {
      if (codeOf(err) !== 'EAGAIN') throw err
    }
  }
}

async function writeForEver(name: string): Promise<void> {
  for (let i = 0; ; i++) {
    try {
      const entry = await write(name, i)
      // Synchronous: what is printed was acknowledged before the kill.
      print(`${name} ${entry.revision}\n`)
    } catch (err) {
      print(`failed ${err instanceof Error ? err.message : String(err)}\n`)
      return
    }
  }
}

await Promise.all(Array.from({ length: 32 }, (_, i) => writeForEver(`p${i}`)))
await writeForEver('after-the-failure')
await store[Symbol.asyncDispose]()
