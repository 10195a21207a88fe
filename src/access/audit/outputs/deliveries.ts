// How lines of the log are sent to each kind of sink.
import { writeJson } from '../../../base/write-json.ts'
import { parseEventLine } from '../audit-event.ts'
import { isEventLine, isSealedLine } from '../log-record.ts'
import type { AuditTlsEndpoint, SinkSettings } from './audit-outputs-settings.ts'
import { httpsPost } from './https-post.ts'
import type { Deliver } from './sink.ts'
import { SyslogConnection } from './syslog.ts'

export interface Delivery extends AsyncDisposable {
  readonly deliver: Deliver
}

export function deliveryOf(settings: SinkSettings): Delivery {
  if (settings.kind !== 'syslog') {
    const deliver = settings.kind === 'webhook' ? webhook(settings.endpoint) : otlp(settings.endpoint)
    return { deliver, [Symbol.asyncDispose]: async () => undefined }
  }
  const connection = new SyslogConnection(settings)
  return { deliver: (lines, signal) => connection.send(lines, signal), [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose]() }
}

/** An EventList of audit.k8s.io/v1 with the events of the lines, as the audit webhook of kube-apiserver sends it, and sealed lines as they are. */
function webhook(endpoint: AuditTlsEndpoint): Deliver {
  return async (all, signal) => {
    const lines = all.filter(line => isEventLine(line) || isSealedLine(line))
    if (lines.length === 0) return
    const body = `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${lines.map(line => line.toString('utf8').trimEnd()).join(',')}]}`
    require2xx(await httpsPost(endpoint, '', 'application/json', body, signal))
  }
}

/** OTLP over HTTP in JSON: one log record for each line. */
function otlp(endpoint: AuditTlsEndpoint): Deliver {
  return async (lines, signal) => {
    const logRecords = lines.map(line => {
      const text = line.toString('utf8').trimEnd()
      const event = isEventLine(line) ? parseEventLine(text) : undefined
      const nanos = event === undefined ? undefined : `${Date.parse(event.stageTimestamp)}000000`
      const values = event === undefined ? [] : [['audit.id', event.auditID] as const, ['user.name', event.user.username] as const]
      return {
        ...(nanos === undefined ? {} : { timeUnixNano: nanos }),
        body: { stringValue: text },
        attributes: values.map(([key, stringValue]) => ({ key, value: { stringValue } })),
      }
    })
    const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'bulkhead-audit' } }] }
    const body = writeJson({ resourceLogs: [{ resource, scopeLogs: [{ scope: { name: 'audit' }, logRecords }] }] })
    require2xx(await httpsPost(endpoint, '', 'application/json', body, signal))
  }
}

function require2xx({ status, body }: { readonly status: number; readonly body: string }): void {
  if (status < 200 || status > 299) throw new Error(`the answer was ${status}: ${body.slice(0, 200).trim()}`)
}
