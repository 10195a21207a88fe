// What the API server measures of its requests, under upstream's names.
import { Counter, Gauge, Histogram, type Registry } from '../base/metrics.ts'
import type { Reply } from './exchange.ts'
import type { FlowControl } from './flow-control/flow-control.ts'
import type { RequestInfo } from './request-info.ts'

export interface RequestMetrics {
  observe(info: RequestInfo | undefined, reply: Pick<Reply, 'status' | 'longRunning'>, bytes: number, durationMs: number): void
}

export const noMetrics: RequestMetrics = { observe: () => undefined }

interface Children {
  readonly total: { inc(): void }
  readonly duration: { observe(seconds: number): void }
  readonly size: { observe(bytes: number): void }
}

const names = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'code'] as const

export function requestMetrics(registry: Registry, flow: FlowControl): RequestMetrics {
  const total = new Counter({
    name: 'apiserver_request_total',
    help: 'Requests by verb, resource and code',
    labelNames: names,
    registers: [registry],
  })
  const duration = new Histogram({
    name: 'apiserver_request_duration_seconds',
    help: 'Time from receiving a request to the end of its answer',
    labelNames: names,
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 30, 60],
    registers: [registry],
  })
  const size = new Histogram({
    name: 'apiserver_response_sizes',
    help: 'Bytes of the answers',
    labelNames: names,
    buckets: [1e3, 1e4, 1e5, 1e6, 1e7, 1e8],
    registers: [registry],
  })
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
  const known = new Map<string, Children>()
  return {
    observe(info, { status, longRunning }, bytes, durationMs) {
      const { key, labels } = labelsOf(info, status)
      let children = known.get(key)
      if (children === undefined) {
        children = { total: total.labels(labels), duration: duration.labels(labels), size: size.labels(labels) }
        known.set(key, children)
      }
      children.total.inc()
      if (longRunning) return
      children.duration.observe(durationMs / 1000)
      children.size.observe(bytes)
    },
  }
}

/** Only what is served becomes a label: a client must not make series. */
function labelsOf(info: RequestInfo | undefined, code: number): { key: string; labels: Record<(typeof names)[number], string> } {
  const none = { verb: 'other', group: '', version: '', resource: '', subresource: '', scope: '' }
  if (!info?.isResource || info.served === undefined) return { key: String(code), labels: { ...none, code: String(code) } }
  const { verb, group, version, resource, subresource, name, namespace } = info
  const scope = name !== '' ? 'resource' : namespace !== '' ? 'namespace' : 'cluster'
  const labels = { verb: verb.toUpperCase(), group, version, resource, subresource, scope, code: String(code) }
  return { key: `${verb}/${group}/${version}/${resource}/${subresource}/${scope}/${code}`, labels }
}
