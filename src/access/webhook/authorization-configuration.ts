// Reads an AuthorizationConfiguration (apiserver.config.k8s.io) with the messages of kube-apiserver: the authorizers and their order.
import { isAbsolute } from 'node:path'
import { compileAccessCondition } from '../../api/cel/kubernetes/access-review.ts'
import {
  duplicate,
  type FieldError,
  formatFieldError,
  internalFieldError,
  invalidValue,
  notSupported,
  required,
  tooMany,
} from '../../api/field-error.ts'
import { isRecord } from '../../api/schema/compile.ts'
import { type Fail, onlyFields, strictYaml } from '../../api/schema/strict-yaml.ts'
import { dns1123Subdomain } from '../../api/validation/names.ts'
import { formatGoDuration, parseGoDuration } from '../../base/config/go-duration.ts'
import type { WebhookEndpoint } from '../../base/net/webhook-endpoint.ts'
import { UserError } from '../../base/user-error.ts'
import type { ReviewVersion } from './subject-access-review.ts'

export interface WebhookSettings {
  readonly endpoint: WebhookEndpoint
  readonly timeoutMs: number
  readonly authorizedMs: number
  readonly unauthorizedMs: number
  readonly version: ReviewVersion
  /** Whether a webhook that does not answer counts as a denial. */
  readonly failsClosed: boolean
  /** Expressions: the webhook is called if all of them are true. */
  readonly conditions: readonly string[]
}

export type AuthorizerSettings =
  | { readonly type: 'Node' | 'RBAC'; readonly name: string }
  | { readonly type: 'Webhook'; readonly name: string; readonly webhook: WebhookSettings }

export type AuthorizationConfiguration = readonly AuthorizerSettings[]

export const maxAuthorizers = 64
/** Limit of one expression, which is compiled each time it occurs. */
export const maxConditionCharacters = 16 * 1024
const maxConditions = 64
const versions = ['v1', 'v1beta1', 'v1alpha1'].map(version => `apiserver.config.k8s.io/${version}`)
const supportedTypes = ['Node', 'RBAC', 'Webhook']
/** Upstream's other types, and why they are refused here. */
const refusedTypes: ReadonlyMap<string, string> = new Map([
  ['ABAC', 'there is no ABAC: rights are objects of RBAC'],
  ['AlwaysAllow', 'who may do everything is in the group system:masters'],
  ['AlwaysDeny', 'a request that no authorizer allows is denied anyway'],
])
/** Without them neither nodes nor controllers could work. */
const neededTypes = ['Node', 'RBAC']

type Json = Readonly<Record<string, unknown>>

/** Throws a UserError that names `file`. `readKubeconfig` also throws one, with the fault of that file. */
export function readAuthorizationConfiguration(
  text: string,
  file: string,
  readKubeconfig: (path: string) => WebhookEndpoint,
): AuthorizationConfiguration {
  const fail: Fail = what => {
    throw new UserError(`Cannot use the authorization configuration "${file}": ${what}`)
  }
  const value = strictYaml(text, fail)
  if (!isRecord(value)) return fail('it must be an object')
  if (!versions.some(known => value['apiVersion'] === known) || value['kind'] !== 'AuthorizationConfiguration')
    return fail('it must be an AuthorizationConfiguration of apiserver.config.k8s.io/v1')
  return new Reader(fail, readKubeconfig).configuration(value)
}

class Reader {
  readonly #errors: FieldError[] = []
  readonly #fail: Fail
  readonly #readKubeconfig: (path: string) => WebhookEndpoint

  constructor(fail: Fail, readKubeconfig: (path: string) => WebhookEndpoint) {
    this.#fail = fail
    this.#readKubeconfig = readKubeconfig
  }

  configuration(value: Json): AuthorizationConfiguration {
    onlyFields(value, ['apiVersion', 'kind', 'authorizers'], '', this.#fail)
    const list = value['authorizers'] ?? []
    if (!Array.isArray(list)) return this.#fail('authorizers must be a list')
    if (list.length > maxAuthorizers) return this.#fail(`it has ${list.length} authorizers, at most ${maxAuthorizers} are read`)
    if (list.length === 0) this.#errors.push(required('authorizers', 'at least one authorization mode must be defined'))
    const types = new Set<string>()
    const names = new Set<string>()
    const read = list.flatMap((item: unknown, index) => this.#authorizer(item, `authorizers[${index}]`, types, names) ?? [])
    for (const needed of list.length === 0 ? [] : neededTypes) {
      if (!types.has(needed)) this.#errors.push(required('authorizers', `the cluster's own parts need an authorizer of type ${needed}`))
    }
    if (this.#errors.length > 0) return this.#fail(this.#errors.map(formatFieldError).join('; '))
    return read
  }

  #authorizer(value: unknown, at: string, types: Set<string>, names: Set<string>): AuthorizerSettings | undefined {
    if (!isRecord(value)) return this.#fail(`${at} must be an object`)
    onlyFields(value, ['type', 'name', 'webhook'], at, this.#fail)
    const type = this.#text(value['type'], `${at}.type`)
    const why = refusedTypes.get(type)
    if (type === '') return this.#wrong(required(`${at}.type`))
    if (why !== undefined) return this.#wrong(invalidValue(`${at}.type`, type, `is not offered: ${why}`))
    if (!supportedTypes.includes(type)) return this.#wrong(notSupported(`${at}.type`, type, supportedTypes))
    if (types.has(type) && type !== 'Webhook') return this.#wrong(duplicate(`${at}.type`, type))
    types.add(type)
    const name = this.#name(value['name'], `${at}.name`, names)
    const webhook = value['webhook'] ?? undefined
    if (type !== 'Webhook') {
      if (webhook !== undefined) this.#wrong(invalidValue(`${at}.webhook`, 'non-null', 'may only be specified when type=Webhook'))
      return { type: type === 'Node' ? 'Node' : 'RBAC', name }
    }
    if (webhook === undefined) return this.#wrong(required(`${at}.webhook`, 'required when type=Webhook'))
    // Upstream omits `webhook` from its paths.
    const settings = this.#webhook(webhook, at)
    return settings && { type, name, webhook: settings }
  }

  #name(value: unknown, at: string, names: Set<string>): string {
    const name = this.#text(value, at)
    const problems = dns1123Subdomain(name)
    if (name === '') this.#wrong(required(at))
    else if (names.has(name)) this.#wrong(duplicate(at, name))
    else if (problems.length > 0) this.#wrong(invalidValue(at, name, `authorizer name is invalid: ${problems.join(', ')}`))
    names.add(name)
    return name
  }

  #webhook(value: unknown, at: string): WebhookSettings | undefined {
    if (!isRecord(value)) return this.#fail(`${at}.webhook must be an object`)
    const fields = [
      'authorizedTTL',
      'unauthorizedTTL',
      'timeout',
      'subjectAccessReviewVersion',
      'matchConditionSubjectAccessReviewVersion',
      'failurePolicy',
      'connectionInfo',
      'matchConditions',
    ]
    onlyFields(value, fields, `${at}.webhook`, this.#fail)
    const conditionsGiven = value['matchConditions'] ?? []
    if (!Array.isArray(conditionsGiven)) return this.#fail(`${at}.matchConditions must be a list`)
    const timeoutMs = this.#duration(value['timeout'], `${at}.timeout`)
    if (timeoutMs === 0) this.#wrong(required(`${at}.timeout`))
    else if (timeoutMs < 0 || timeoutMs > 30_000)
      this.#wrong(invalidValue(`${at}.timeout`, goDuration(timeoutMs), 'must be > 0s and <= 30s'))
    const authorizedMs = this.#timeToLive(value['authorizedTTL'], `${at}.authorizedTTL`, 300_000)
    const unauthorizedMs = this.#timeToLive(value['unauthorizedTTL'], `${at}.unauthorizedTTL`, 30_000)
    const version = this.#oneOf(value['subjectAccessReviewVersion'], `${at}.subjectAccessReviewVersion`, ['v1', 'v1beta1'])
    const conditionVersion = value['matchConditionSubjectAccessReviewVersion'] ?? ''
    const conditionVersionAt = `${at}.matchConditionSubjectAccessReviewVersion`
    if (conditionVersion !== '') this.#oneOf(conditionVersion, conditionVersionAt, ['v1'])
    else if (conditionsGiven.length > 0) this.#wrong(required(conditionVersionAt, 'required if match conditions are specified'))
    const policy = this.#oneOf(value['failurePolicy'], `${at}.failurePolicy`, ['NoOpinion', 'Deny'])
    const endpoint = this.#endpoint(value['connectionInfo'], `${at}.connectionInfo`)
    const conditions = this.#conditions(conditionsGiven, `${at}.matchConditions`)
    if (endpoint === undefined || version === undefined || policy === undefined) return undefined
    return { endpoint, timeoutMs, authorizedMs, unauthorizedMs, version, failsClosed: policy === 'Deny', conditions }
  }

  #timeToLive(value: unknown, at: string, usual: number): number {
    const ms = this.#duration(value, at)
    if (ms < 0) this.#wrong(invalidValue(at, goDuration(ms), 'must be > 0s'))
    return ms === 0 ? usual : ms
  }

  /** In milliseconds; 0 if not set. */
  #duration(value: unknown, at: string): number {
    const read = parseGoDuration(this.#text(value, at) || '0s')
    return typeof read === 'number' ? read : this.#fail(`${at}: ${read}`)
  }

  #oneOf<T extends string>(value: unknown, at: string, known: readonly T[]): T | undefined {
    const text = this.#text(value, at)
    if (text === '') return this.#wrong(required(at))
    return known.find(name => name === text) ?? this.#wrong(notSupported(at, text, known))
  }

  #endpoint(value: unknown, at: string): WebhookEndpoint | undefined {
    const info = value ?? {}
    if (!isRecord(info)) return this.#fail(`${at} must be an object`)
    onlyFields(info, ['type', 'kubeConfigFile'], at, this.#fail)
    const type = this.#text(info['type'], `${at}.type`)
    const path = this.#text(info['kubeConfigFile'], `${at}.kubeConfigFile`)
    if (type === '') return this.#wrong(required(`${at}.type`))
    if (type === 'InClusterConfig')
      return this.#wrong(
        invalidValue(`${at}.type`, type, 'the API server does not run in a pod and has no account to use: name a kubeconfig file'),
      )
    if (type !== 'KubeConfigFile') return this.#wrong(notSupported(`${at}.type`, type, ['InClusterConfig', 'KubeConfigFile']))
    if (path === '') return this.#wrong(required(`${at}.kubeConfigFile`))
    if (!isAbsolute(path)) return this.#wrong(invalidValue(`${at}.kubeConfigFile`, path, 'must be an absolute path'))
    try {
      return this.#readKubeconfig(path)
    } catch (err) {
      if (!(err instanceof UserError)) throw err
      return this.#wrong(invalidValue(`${at}.kubeConfigFile`, path, err.message))
    }
  }

  #conditions(list: readonly unknown[], at: string): readonly string[] {
    if (list.length > maxConditions) {
      this.#wrong(tooMany(at, list.length, maxConditions))
      return []
    }
    const seen = new Set<string>()
    for (const [index, item] of list.entries()) {
      const fault = this.#conditionFault(item, `${at}[${index}]`, seen)
      if (fault !== undefined) this.#errors.push(fault)
    }
    return [...seen]
  }

  #conditionFault(item: unknown, at: string, seen: Set<string>): FieldError | undefined {
    if (!isRecord(item)) return this.#fail(`${at} must be an object`)
    onlyFields(item, ['expression'], at, this.#fail)
    const path = `${at}.expression`
    const expression = this.#text(item['expression'], path)
    if (expression.trim() === '') return required(path)
    if (seen.has(expression)) return duplicate(path, expression)
    seen.add(expression)
    if (expression.length > maxConditionCharacters)
      return this.#fail(`${path} has ${expression.length} characters, at most ${maxConditionCharacters} are read`)
    const compiled = compileAccessCondition(expression)
    if (compiled.ok) return undefined
    return compiled.internal ? internalFieldError(path, compiled.detail) : invalidValue(path, expression, compiled.detail)
  }

  #text(value: unknown, at: string): string {
    const text = value ?? ''
    return typeof text === 'string' ? text : this.#fail(`${at} must be a string`)
  }

  #wrong(error: FieldError): undefined {
    this.#errors.push(error)
  }
}

const goDuration = (ms: number): string => (ms < 0 ? `-${formatGoDuration(-ms)}` : formatGoDuration(ms))
