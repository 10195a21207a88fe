// What the API server measures of its requests, under upstream's names.
import { Buckets, bucketSamples } from '../base/buckets.ts'
import { Counter, Gauge, type Registry, SampledHistogram } from '../base/metrics.ts'
import type { Reply } from './exchange.ts'
import type { FlowControl } from './flow-control/flow-control.ts'
import type { RequestInfo } from './request-info.ts'

export interface RequestMetrics {
  observe(info: RequestInfo | undefined, reply: Pick<Reply, 'status' | 'longRunning'>, bytes: number, durationMs: number): void
  /** A watch or another stream has begun. What comes back is to be called once, when it is over. */
  opened(info: RequestInfo | undefined): () => void
}

const targetNames = ['verb', 'group', 'version', 'resource', 'subresource', 'scope'] as const
const names = [...targetNames, 'code'] as const

type Target = Record<(typeof targetNames)[number], string>
type Labels = Record<(typeof names)[number], string>

const secondBounds = [0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 30, 60]
const byteBounds = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8]

/** Of all requests with the same labels. Plain numbers: prom-client puts the labels of each value together anew, which a request would wait for. */
class Series {
  readonly labels: Labels
  total = 0
  readonly seconds = new Buckets(secondBounds)
  readonly bytes = new Buckets(byteBounds)

  constructor(labels: Labels) {
    this.labels = labels
  }
}

export function requestMetrics(registry: Registry, flow: FlowControl): RequestMetrics {
  const known = new Map<string, Series>()
  new Counter({
    name: 'apiserver_request_total',
    help: 'Requests by verb, resource and code',
    labelNames: names,
    registers: [registry],
    collect() {
      this.reset()
      for (const { labels, total } of known.values()) this.inc(labels, total)
    },
  })
  const histogram = (name: string, help: string, of: (series: Series) => Buckets) =>
    new SampledHistogram(registry, name, help, function* () {
      for (const series of known.values()) yield* bucketSamples(name, of(series), series.labels)
    })
  histogram('apiserver_request_duration_seconds', 'Time from receiving a request to the end of its answer', ({ seconds }) => seconds)
  histogram('apiserver_response_sizes', 'Bytes of the answers', ({ bytes }) => bytes)
  new Gauge({
    name: 'apiserver_current_inflight_requests',
    help: 'Requests that run now',
    labelNames: ['request_kind'],
    registers: [registry],
    collect() {
      let running = 0
      let mutating = 0
      let waiting = 0
      for (const counters of flow.counters) {
        running += counters.executing
        mutating += counters.mutating
        waiting += counters.waiting
      }
      this.set({ request_kind: 'readOnly' }, running - mutating)
      this.set({ request_kind: 'mutating' }, mutating)
      this.set({ request_kind: 'waiting' }, waiting)
    },
  })
  const streams = new Map<string, { readonly labels: Target; open: number }>()
  new Gauge({
    name: 'apiserver_longrunning_requests',
    help: 'Watches and other streams that are open now',
    labelNames: targetNames,
    registers: [registry],
    collect() {
      for (const { labels, open } of streams.values()) this.set(labels, open)
    },
  })
  return {
    opened(info) {
      const key = targetKey(info)
      let same = streams.get(key)
      if (same === undefined) {
        same = { labels: targetOf(info), open: 0 }
        streams.set(key, same)
      }
      const counted = same
      counted.open++
      return () => {
        counted.open--
      }
    },
    observe(info, { status, longRunning }, bytes, durationMs) {
      const key = `${targetKey(info)}/${status}`
      let series = known.get(key)
      if (series === undefined) {
        series = new Series({ ...targetOf(info), code: String(status) })
        known.set(key, series)
      }
      series.total++
      if (longRunning) return
      series.seconds.observe(durationMs / 1000)
      series.bytes.observe(bytes)
    },
  }
}

/** Only what is served becomes a label: a client must not make series. */
function targetOf(info: RequestInfo | undefined): Target {
  if (!info?.isResource || info.served === undefined)
    return { verb: 'other', group: '', version: '', resource: '', subresource: '', scope: '' }
  const { verb, group, version, resource, subresource } = info
  return { verb: verb.toUpperCase(), group, version, resource, subresource, scope: scopeOf(info) }
}

/** Different for different targets. */
function targetKey(info: RequestInfo | undefined): string {
  if (!info?.isResource || info.served === undefined) return ''
  const { verb, group, version, resource, subresource } = info
  return `${verb}/${group}/${version}/${resource}/${subresource}/${scopeOf(info)}`
}

function scopeOf({ name, namespace }: { readonly name: string; readonly namespace: string }): string {
  if (name !== '') return 'resource'
  return namespace !== '' ? 'namespace' : 'cluster'
}
