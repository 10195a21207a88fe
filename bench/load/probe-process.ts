// The probe in a process of its own, so that a busy load client does not count as a slow server. Standard input: credentials; it ends with it.
import { json } from 'node:stream/consumers'
import { compactHeap } from '../../src/base/v8/compact-heap.ts'
import type { Credentials } from './connections.ts'
import { quantile } from './measure.ts'
import { probe } from './probe.ts'

compactHeap()
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
const credentials = (await json(process.stdin)) as Credentials
const latencies = await probe(credentials, stop.signal)
process.stdout.write(JSON.stringify({ count: latencies.length, p50: quantile(latencies, 0.5), p999: quantile(latencies, 0.999) }))
