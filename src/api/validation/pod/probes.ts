// Validation of probes and lifecycle hooks.
import { type FieldError, forbiddenField, invalidValue, notSupported, required } from '../../field-error.ts'
import type { ExecAction, GRPCAction, HTTPGetAction, Lifecycle, Probe, SleepAction, TCPSocketAction } from '../../types/core-v1.ts'
import type { IntOrString } from '../../types/meta-v1.ts'
import { httpHeaderName, portName, portNumber } from '../names.ts'
import { negativeMessage, pushMessages } from '../object-meta.ts'

export type ProbePurpose = 'livenessProbe' | 'readinessProbe' | 'startupProbe'

interface Handler {
  readonly exec?: ExecAction
  readonly httpGet?: HTTPGetAction
  readonly tcpSocket?: TCPSocketAction
  readonly grpc?: GRPCAction
  readonly sleep?: SleepAction
}

const schemes = ['HTTP', 'HTTPS']
const counts = ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const

/** `gracePeriod` is the pod's terminationGracePeriodSeconds. */
export function validateProbe(
  probe: Probe,
  purpose: ProbePurpose,
  gracePeriod: number | undefined,
  path: string,
  errors: FieldError[],
): void {
  validateHandler(probe, false, gracePeriod, path, errors)
  for (const field of counts) {
    const value = probe[field] ?? 0
    if (value < 0) errors.push(invalidValue(`${path}.${field}`, value, negativeMessage))
  }
  const grace = probe.terminationGracePeriodSeconds
  if (grace !== undefined && grace <= 0) errors.push(invalidValue(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'))
  if (purpose === 'readinessProbe') {
    if (grace !== undefined) {
      errors.push(invalidValue(`${path}.terminationGracePeriodSeconds`, grace, 'must not be set for readinessProbes'))
    }
  } else if (probe.successThreshold !== 1) {
    errors.push(invalidValue(`${path}.successThreshold`, probe.successThreshold ?? 0, 'must be 1'))
  }
}

export function validateLifecycle(lifecycle: Lifecycle, gracePeriod: number | undefined, path: string, errors: FieldError[]): void {
  if (lifecycle.postStart !== undefined) validateHandler(lifecycle.postStart, true, gracePeriod, `${path}.postStart`, errors)
  if (lifecycle.preStop !== undefined) validateHandler(lifecycle.preStop, true, gracePeriod, `${path}.preStop`, errors)
}

function validateHandler(handler: Handler, hook: boolean, gracePeriod: number | undefined, path: string, errors: FieldError[]): void {
  let found = false
  const first = (field: keyof Handler): boolean => {
    if (handler[field] === undefined) return false
    if (found) errors.push(forbiddenField(`${path}.${field}`, 'may not specify more than 1 handler type'))
    const only = !found
    found = true
    return only
  }
  if (first('exec') && (handler.exec?.command?.length ?? 0) === 0) errors.push(required(`${path}.exec.command`))
  if (first('httpGet') && handler.httpGet) validateHttpGet(handler.httpGet, `${path}.httpGet`, errors)
  if (first('tcpSocket') && handler.tcpSocket) validatePort(handler.tcpSocket.port, `${path}.tcpSocket.port`, errors)
  if (!hook && first('grpc') && handler.grpc) validatePort(handler.grpc.port, `${path}.grpc.port`, errors)
  if (hook && first('sleep') && handler.sleep && gracePeriod !== undefined) {
    const seconds = handler.sleep.seconds ?? 0
    if (seconds < 0 || seconds > gracePeriod) {
      const text = `must be non-negative and less than terminationGracePeriodSeconds (${gracePeriod})`
      errors.push(invalidValue(`${path}.sleep`, seconds, text))
    }
  }
  if (!found) errors.push(required(path, 'must specify a handler type'))
}

function validateHttpGet(action: HTTPGetAction, path: string, errors: FieldError[]): void {
  if (!action.path) errors.push(required(`${path}.path`))
  validatePort(action.port, `${path}.port`, errors)
  const scheme = action.scheme ?? ''
  if (!schemes.includes(scheme)) errors.push(notSupported(`${path}.scheme`, scheme, schemes))
  for (const header of action.httpHeaders ?? [])
    pushMessages(errors, `${path}.httpHeaders`, header.name ?? '', httpHeaderName(header.name ?? ''))
}

/** A port by number or by a container's name for it. */
export function validatePort(port: IntOrString | undefined, path: string, errors: FieldError[]): void {
  if (typeof port === 'string') pushMessages(errors, path, port, portName(port))
  else pushMessages(errors, path, port ?? 0, portNumber(port ?? 0))
}
