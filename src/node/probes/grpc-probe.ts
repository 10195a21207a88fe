// A gRPC probe: grpc.health.v1.Health/Check (KEP-2727), with the kubelet's outcomes and texts.
import type { ClientHttp2Session } from 'node:http2'
import { setTimeout as delay } from 'node:timers/promises'
import { status } from '@grpc/grpc-js'
import { fromJSON, type MethodDefinition } from '@grpc/proto-loader'
import { durationText } from '../../base/async/back-off.ts'
import { writeJson } from '../../base/write-json.ts'
import { callUnary, type GrpcAnswer, openGrpc } from './grpc-unary.ts'
import type { ProbeOutcome } from './probe.ts'

export interface GrpcProbe {
  readonly host: string
  readonly port: number
  /** Empty: the server as a whole. */
  readonly service: string
  /** Limit for connection and answer together. */
  readonly timeoutSeconds: number
}

const statuses = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const
const path = '/grpc.health.v1.Health/Check'
const reconnectMs = 200

/** https://github.com/grpc/grpc/blob/master/doc/health-checking.md: names and numbers of the protocol. */
const check = methodOf({
  HealthCheckRequest: { fields: { service: { type: 'string', id: 1 } } },
  HealthCheckResponse: { fields: { status: { type: 'ServingStatus', id: 1 } } },
  ServingStatus: { values: Object.fromEntries(statuses.map((name, number) => [name, number])) },
  Health: { methods: { Check: { requestType: 'HealthCheckRequest', responseType: 'HealthCheckResponse', comment: '' } } },
})

function methodOf(nested: Parameters<typeof fromJSON>[0]['nested']): MethodDefinition<object, { status?: unknown }> {
  const service = fromJSON(nested === undefined ? {} : { nested }, { enums: String, defaults: true })['Health']
  if (service === undefined || !('Check' in service) || typeof service.Check !== 'object')
    throw new Error('the health service has no method "Check"')
  return service.Check
}

/** Any failure is a failed probe, as for the kubelet. Rejects only with the signal's reason. */
export async function grpcProbe(probe: GrpcProbe, signal: AbortSignal): Promise<ProbeOutcome> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(probe.timeoutSeconds * 1000)])
  const within = durationText(probe.timeoutSeconds * 1000)
  let session: ClientHttp2Session | undefined
  try {
    session = await connected(probe, limit)
    const request = check.requestSerialize(probe.service === '' ? {} : { service: probe.service })
    return outcomeOf(await callUnary(session, path, request, 'kube-probe/1.33', limit), within)
  } catch (err) {
    signal.throwIfAborted()
    if (!limit.aborted) throw err
    if (session) return failure(tooLate(within))
    const address = writeJson(`${probe.host.includes(':') ? `[${probe.host}]` : probe.host}:${probe.port}`)
    return failure(`timeout: failed to connect service ${address} within ${within}: context deadline exceeded`)
  } finally {
    session?.destroy()
  }
}

/** Retries until the limit, for a server that is about to listen; rejects with the limit's reason. */
async function connected({ host, port }: GrpcProbe, limit: AbortSignal): Promise<ClientHttp2Session> {
  for (;;) {
    try {
      return await openGrpc(host, port, limit)
    } catch {
      // Nothing listens yet: retry until the limit.
      limit.throwIfAborted()
    }
    await delay(reconnectMs, undefined, { signal: limit })
  }
}

function outcomeOf(answer: GrpcAnswer, within: string): ProbeOutcome {
  if ('message' in answer) return validated(answer.message)
  switch (answer.code) {
    case status.UNIMPLEMENTED:
      return failure(`error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${answer.details}`)
    case status.DEADLINE_EXCEEDED:
      return failure(tooLate(within))
    default:
      return failure(`error: health rpc probe failed: rpc error: code = ${codeName(answer.code)} desc = ${answer.details}`)
  }
}

function validated(message: Buffer): ProbeOutcome {
  try {
    const serving = String(check.responseDeserialize(message).status)
    if (serving === 'SERVING') return { result: 'success', output: 'service healthy' }
    return failure(`service unhealthy (responded with ${writeJson(serving)})`)
  } catch (err) {
    const why = err instanceof Error ? err.message : String(err)
    return failure(
      `error: health rpc probe failed: rpc error: code = Internal desc = grpc: failed to unmarshal the received message: ${why}`,
    )
  }
}

const tooLate = (within: string) => `timeout: health rpc did not complete within ${within}`
const failure = (output: string): ProbeOutcome => ({ result: 'failure', output })

/** Go's spelling of a code: `PERMISSION_DENIED` is PermissionDenied. */
function codeName(code: number): string {
  if (code === status.CANCELLED) return 'Canceled'
  const name = status[code]
  return name?.replace(/([A-Z])([A-Z]*)_?/g, (_, first: string, rest: string) => first + rest.toLowerCase()) ?? `Code(${code})`
}
