// One attempt of a probe or hook against a container: exec, HTTP, TCP or gRPC, with upstream's texts.

import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import type { Container, EphemeralContainer, HTTPGetAction, ProbeHandler } from '../../api/types/core-v1.ts'
import type { IntOrString } from '../../api/types/meta-v1.ts'
import { answerHead } from '../../base/net/answer-head.ts'
import { request as httpRequest } from '../../base/net/node-http.ts'
import { writeJson } from '../../base/write-json.ts'
import { type ContainerRuntime, RuntimeError } from '../cri/runtime.ts'
import { grpcProbe } from './grpc-probe.ts'

export type ProbeOutcome =
  | { readonly result: 'success' | 'warning' | 'failure'; readonly output: string }
  /** The attempt could not be made; upstream counts it as no result. */
  | { readonly result: 'unknown'; readonly output: string }

export interface ProbeTarget {
  readonly container: Container | EphemeralContainer
  readonly containerId: string
  readonly podIp: string
}

const maxBodyLength = 10 * 1024

/** Rejects only with the signal's reason. */
export async function attempt(
  handler: ProbeHandler,
  target: ProbeTarget,
  timeoutSeconds: number,
  runtime: ContainerRuntime,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  let outcome: ProbeOutcome
  try {
    outcome = await once(handler, target, timeoutSeconds, runtime, signal)
  } catch (err) {
    outcome = { result: 'unknown', output: err instanceof Error ? err.message : String(err) }
  }
  // An attempt that was cut off says nothing about the container.
  signal.throwIfAborted()
  return outcome
}

async function once(
  handler: ProbeHandler,
  target: ProbeTarget,
  timeoutSeconds: number,
  runtime: ContainerRuntime,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  if (handler.exec) return await execProbe(handler.exec.command ?? [], target, timeoutSeconds, runtime, signal)
  if (handler.grpc) {
    const { port, service } = handler.grpc
    return await grpcProbe({ host: target.podIp, port, service: service ?? '', timeoutSeconds }, signal)
  }
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutSeconds * 1000)])
  if (handler.httpGet) return await httpProbe(handler.httpGet, target, limit)
  if (handler.tcpSocket) {
    const port = portNumber(handler.tcpSocket.port, target.container)
    return await tcpProbe(handler.tcpSocket.host || target.podIp, port, limit)
  }
  return { result: 'unknown', output: 'missing probe handler' }
}

function portNumber(port: IntOrString, container: Container | EphemeralContainer): number {
  if (typeof port === 'number') return port
  const named = container.ports?.find(({ name }) => name === port)?.containerPort
  const value = named ?? Number(port)
  if (!Number.isInteger(value) || value < 1 || value > 65535) throw new Error(`couldn't find port: ${writeJson(port)}`)
  return value
}

async function execProbe(
  command: readonly string[],
  { containerId }: ProbeTarget,
  timeoutSeconds: number,
  runtime: ContainerRuntime,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  try {
    const { exitCode, stdout, stderr } = await runtime.execSync(containerId, command, timeoutSeconds, signal)
    const output = Buffer.concat([stdout, stderr]).subarray(0, maxBodyLength).toString()
    return { result: exitCode === 0 ? 'success' : 'failure', output }
  } catch (err) {
    signal.throwIfAborted()
    if (err instanceof RuntimeError && err.code === 'DeadlineExceeded') {
      return { result: 'failure', output: `command timed out: ${writeJson(command.join(' '))} timed out after ${timeoutSeconds}s` }
    }
    throw err
  }
}

/** URL of an HTTP probe or hook. */
function probeUrl({ scheme, host, port, path }: HTTPGetAction, { container, podIp }: ProbeTarget): URL {
  const name = host || podIp
  const authority = name.includes(':') && !name.startsWith('[') ? `[${name}]` : name
  const text = path === undefined || path === '' ? '/' : path.startsWith('/') ? path : `/${path}`
  return new URL(`${(scheme ?? 'HTTP').toLowerCase()}://${authority}:${portNumber(port, container)}${text}`)
}

/** Status 200 to 399 is success. Redirects are followed only to the same host, so none leads the node elsewhere. */
export async function httpProbe(action: HTTPGetAction, target: ProbeTarget, signal: AbortSignal): Promise<ProbeOutcome> {
  let url = probeUrl(action, target)
  let headers: Headers = { 'user-agent': 'kube-probe/1.33', accept: '*/*', connection: 'close' }
  for (const { name, value } of action.httpHeaders ?? []) headers[name.toLowerCase()] = value
  for (let redirects = 0; ; redirects++) {
    const method = `Get ${writeJson(url.href)}`
    if (redirects >= maxRedirects) return { result: 'failure', output: `${method}: stopped after ${maxRedirects} redirects` }
    const answer = await get(url, headers, signal)
    if (!('code' in answer)) return { result: 'failure', output: `${method}: ${answer.why}` }
    const { code, body, location } = answer
    if (code >= 200 && code < 300) return { result: 'success', output: body }
    if (code < 300 || code >= 400) return { result: 'failure', output: `HTTP probe failed with statuscode: ${code}` }
    const next = location !== undefined && redirectCodes.has(code) ? URL.parse(location, url.href) : null
    const leads = next !== null && next.hostname === url.hostname && (next.protocol === 'http:' || next.protocol === 'https:')
    if (!leads) return { result: 'warning', output: `Probe terminated redirects, Response body: ${body}` }
    // The probe's own Host header is sent for a location without a host.
    if (location !== undefined && URL.canParse(location)) headers = { ...headers, host: next.host }
    url = next
  }
}

type Headers = Record<string, string | string[]>

const maxRedirects = 10
const redirectCodes: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

interface Answer {
  readonly code: number
  /** The beginning of the body. */
  readonly body: string
  readonly location: string | undefined
}

async function get(url: URL, headers: Headers, signal: AbortSignal): Promise<Answer | { readonly why: string }> {
  return await new Promise((resolve, reject) => {
    // A probe checks that the server answers, not its identity: upstream does not verify the pod's certificate either.
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const request = send(url, { headers, signal, rejectUnauthorized: false, agent: false })
    const failed = (err: Error) => {
      const why = signal.aborted
        ? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
        : dialText(err, url.hostname, url.port)
      resolve({ why })
    }
    answerHead(request).then(response => {
      const { statusCode: code = 0, headers: answered } = response
      // The connection is already closed.
      if (code === 101) return resolve({ code, body: '', location: undefined })
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        if (size < maxBodyLength) chunks.push(chunk)
        size += chunk.length
      })
      response.on('error', reject)
      response.on('end', () => {
        const body = Buffer.concat(chunks).subarray(0, maxBodyLength).toString()
        resolve({ code, body, location: answered.location })
      })
    }, failed)
    request.end()
  })
}

async function tcpProbe(host: string, port: number, signal: AbortSignal): Promise<ProbeOutcome> {
  return await new Promise(resolve => {
    const socket = connect({ host, port })
    const stop = () => {
      socket.destroy()
      resolve({ result: 'failure', output: `dial tcp ${host}:${port}: i/o timeout` })
    }
    signal.addEventListener('abort', stop, { once: true })
    socket.on('connect', () => {
      signal.removeEventListener('abort', stop)
      socket.destroy()
      resolve({ result: 'success', output: '' })
    })
    socket.on('error', err => {
      signal.removeEventListener('abort', stop)
      resolve({ result: 'failure', output: dialText(err, host, String(port)) })
    })
  })
}

/** The text of Go's net package for a failed connection. */
export function dialText(err: Error, host: string, port: string): string {
  const code = 'code' in err ? err.code : undefined
  const why = code === 'ECONNREFUSED' ? 'connect: connection refused' : code === 'EHOSTUNREACH' ? 'connect: no route to host' : err.message
  return `dial tcp ${host}:${port}: ${why}`
}
