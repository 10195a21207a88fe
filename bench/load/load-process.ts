// The load client, a process of its own: credentials and workloads on standard input, one JSON object of figures on standard output.
import { json } from 'node:stream/consumers'
import { compactHeap } from '../../src/base/v8/compact-heap.ts'
import { openNamespace } from './bench-namespace.ts'
import { Connections, type Credentials } from './connections.ts'
import { namespace } from './objects.ts'
import { warmUp } from './warm-up.ts'
import { type Values, workloads } from './workloads.ts'

export interface LoadRequest {
  readonly credentials: Credentials
  readonly workloads: readonly string[]
}

const connectionCount = 4

compactHeap()
const { credentials, workloads: wanted } = (await json(process.stdin)) as LoadRequest
await warmUp(wanted, connectionCount)
using connections = await Connections.open(credentials, connectionCount)
await openNamespace(connections)
// Admission requires the account that a controller is about to create; the second one to create it gets a conflict.
const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } }
await connections.request('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, JSON.stringify(account))
const values: Values = {}
for (const { id, run } of workloads) if (wanted.includes(id)) Object.assign(values, await run(connections))
process.stdout.write(JSON.stringify(values))
