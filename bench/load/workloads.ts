// The workloads, in the order of a run: later ones read the objects of earlier ones.
import type { Connections } from './connections.ts'
import { fanOut } from './fan-out.ts'
import { type Measured, measure, quantile } from './measure.ts'
import { configMap, configMapName, namespace, pod } from './objects.ts'

export type Values = Record<string, number>

export interface Workload {
  readonly id: string
  run(connections: Connections): Promise<Values>
}

const base = `/api/v1/namespaces/${namespace}`
const requests = 5000
const inFlight = 32
const pods = 10_000
const protobuf = 'application/vnd.kubernetes.protobuf'

const rated = (id: string, { requests: count, seconds, latencies }: Measured): Values => ({
  [id]: count / seconds,
  [`${id}.p99`]: quantile(latencies, 0.99),
})

/** Seconds of one, the median. */
const timed = (id: string, { latencies }: Measured): Values => ({ [id]: quantile(latencies, 0.5) / 1000 })

export const workloads: readonly Workload[] = [
  {
    id: 'create',
    run: async c => rated('create', await measure(requests, inFlight, i => c.request('POST', `${base}/configmaps`, configMap(i)))),
  },
  {
    id: 'create-serial',
    run: async c => rated('create-serial', await measure(300, 1, i => c.request('POST', `${base}/configmaps`, configMap(900_000 + i)))),
  },
  {
    id: 'get',
    run: async c => {
      const path = (i: number) => `${base}/configmaps/${configMapName(i % requests)}`
      return rated('get', await measure(4 * requests, inFlight, i => c.request('GET', path(i))))
    },
  },
  {
    id: 'get-protobuf',
    run: async c => {
      const path = (i: number) => `${base}/configmaps/${configMapName(i % requests)}`
      return rated('get-protobuf', await measure(4 * requests, inFlight, i => c.request('GET', path(i), undefined, protobuf)))
    },
  },
  {
    id: 'update',
    run: async c =>
      rated('update', await measure(requests, inFlight, i => c.request('PUT', `${base}/configmaps/${configMapName(i)}`, configMap(i)))),
  },
  {
    id: 'patch',
    run: async c => {
      const send = (i: number) =>
        c.request('PATCH', `${base}/configmaps/${configMapName(i)}`, `{"data":{"patched":"${i}"}}`, 'application/merge-patch+json')
      return rated('patch', await measure(requests, inFlight, send))
    },
  },
  {
    id: 'apply',
    run: async c => {
      const body = (i: number) =>
        JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: configMapName(i) }, data: { applied: `${i}` } })
      const send = (i: number) =>
        c.request('PATCH', `${base}/configmaps/${configMapName(i)}?fieldManager=bench&force=true`, body(i), 'application/apply-patch+yaml')
      // A server without server-side apply has no figure for it.
      if ((await send(0)).status === 415) return {}
      return rated('apply', await measure(requests, inFlight, send))
    },
  },
  {
    id: 'pod',
    run: async c => rated('pod', await measure(pods, inFlight, i => c.request('POST', `${base}/pods`, pod(i)))),
  },
  {
    id: 'list',
    run: async c => timed('list', await measure(10, 1, () => c.request('GET', `${base}/pods?resourceVersion=0`))),
  },
  {
    id: 'list-protobuf',
    run: async c => {
      const send = () => c.request('GET', `${base}/pods?resourceVersion=0`, undefined, protobuf)
      // Nothing is kept in protobuf before the first one.
      const first = await measure(1, 1, send)
      return { ...timed('list-protobuf-first', first), ...timed('list-protobuf', await measure(10, 1, send)) }
    },
  },
  {
    id: 'list-consistent',
    run: async c => timed('list-consistent', await measure(5, 1, () => c.request('GET', `${base}/pods`))),
  },
  {
    id: 'list-paged',
    run: async c => timed('list-paged', await measure(3, 1, () => allPages(c))),
  },
  {
    id: 'selector',
    run: async c => {
      const send = (i: number) => c.request('GET', `${base}/pods?resourceVersion=0&labelSelector=rare%3Dr${i % 1000}`)
      // At least two seconds, like the others: within the first half second V8 has not compiled code that only lists use.
      return rated('selector', await measure(10_000, 4, send))
    },
  },
  { id: 'watch', run: async c => rated('watch', await fanOut(c, 500, 200)) },
]

async function allPages(connections: Connections) {
  for (let token = ''; ; ) {
    const answer = await connections.request('GET', `${base}/pods?limit=500&continue=${token}`)
    // The token is at the front: the pages themselves are not parsed.
    token = /"continue":"([^"]*)"/.exec(answer.body.toString('utf8', 0, 1000))?.[1] ?? ''
    if (answer.status !== 200 || token === '') return answer
  }
}
