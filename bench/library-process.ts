// The library as a user's test has it: import, startCluster(), first pod Running. Standard input: the path of the built library.
import { json } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import type * as Library from '../src/index.ts'
import { restrictedPod, runningPod } from './running-pod.ts'

const { library } = (await json(process.stdin)) as { library: string }
const began = performance.now()
const { startCluster } = (await import(pathToFileURL(library).href)) as typeof Library
const imported = performance.now()
const cluster = await startCluster()
const ready = performance.now()
const stop = AbortSignal.timeout(30_000)
const pods = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true }
await cluster.client.create(pods, 'default', restrictedPod('registry.example/app:1'), stop)
await runningPod(() => cluster.client.get(pods, 'default', 'first', stop), stop)
const running = performance.now()
await cluster[Symbol.asyncDispose]()
const seconds = (from: number, to: number) => (to - from) / 1000
const values = {
  'library.import': seconds(began, imported),
  'library.start': seconds(imported, ready),
  'library.running': seconds(ready, running),
}
process.stdout.write(JSON.stringify(values))
