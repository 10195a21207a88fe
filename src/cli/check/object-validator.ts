// Sends manifests to an API server for a verdict: each as a create, or as the apply of kubectl if the object exists.

import type { PatchOperation } from '../../api/patch/json-patch-between.ts'
import { isRecord } from '../../api/schema/compile.ts'
import { ApiError, type Status } from '../../api/status.ts'
import { UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import { Client, failureOf, readText } from '../../client/client.ts'
import { type ResourceRef, resourcePath } from '../../client/resource-ref.ts'
import type { ApiRequest, Transport } from '../../client/transport/transport.ts'
import { Kinds } from './kinds.ts'
import type { Manifest } from './manifests.ts'
import type { Answer } from './verdict.ts'

export interface ObjectValidatorOptions {
  readonly transport: Transport
  /** Used for objects without a namespace. */
  readonly namespace: string
  /** Whether an admitted object is kept, so that later manifests find it. */
  readonly keeps: (resource: ResourceRef) => boolean
  readonly signal: AbortSignal
}

const manager = 'bulkhead-check'

export class ObjectValidator {
  readonly kinds: Kinds
  readonly #options: ObjectValidatorOptions
  readonly #client: Client
  /** Only Bulkhead explains its refusals; another server is not asked twice. */
  #explains = true

  constructor(options: ObjectValidatorOptions) {
    this.#options = options
    this.#client = new Client(options.transport)
    this.kinds = new Kinds(this.#client, options.signal)
  }

  async validate(manifest: Manifest): Promise<Answer> {
    const resource = await this.kinds.find(manifest.apiVersion, manifest.kind)
    if (resource === undefined) return { outcome: 'unknown-kind' }
    const namespace = manifest.namespace ?? this.#options.namespace
    const query = `fieldValidation=Strict&fieldManager=${manager}`
    const body = Buffer.from(writeJson(manifest.value))
    const dryRun = this.#options.keeps(resource) ? '' : '&dryRun=All'
    const path = `${resourcePath(resource, namespace)}?${query}${dryRun}`
    const created = await this.send({ method: 'POST', path, body, headers: { 'content-type': 'application/json' } }, resource)
    if (created.outcome !== 'refused' || created.status.reason !== 'AlreadyExists' || manifest.name === '') return created
    const own = `${resourcePath(resource, namespace, manifest.name)}?${query}&dryRun=All&force=true`
    return await this.send({ method: 'PATCH', path: own, body, headers: { 'content-type': 'application/apply-patch+yaml' } }, resource)
  }

  /** The server's answer to a write of an object of this resource. */
  async send(request: ApiRequest, resource: ResourceRef): Promise<Answer> {
    const { transport, signal } = this.#options
    const response = await transport.request(request, signal)
    const warnings = parseWarnings(response.headers['warning'] ?? '')
    if (response.status < 300) {
      return { outcome: 'admitted', resource, warnings, text: await readText(response) }
    }
    const { status } = await failureOf(response)
    if (cannotValidator(status))
      throw new UserError(`The server returned no verdict: ${status.message ?? status.reason ?? String(status.code)}`)
    return { outcome: 'refused', resource, warnings, status, ...(await this.#explain(response.headers['audit-id'])) }
  }

  async #explain(auditId: string | undefined): Promise<{ plugin?: string; patch?: readonly PatchOperation[] }> {
    if (auditId === undefined || !this.#explains) return {}
    try {
      const { admission } = await this.#client.getPath<Explanation>(`/bulkhead/v1/why/${encodeURIComponent(auditId)}`, this.#options.signal)
      if (admission === undefined) return {}
      return { plugin: admission.plugin, ...(isPatch(admission.patch) ? { patch: admission.patch } : {}) }
    } catch (err) {
      if (!(err instanceof ApiError)) throw err
      // Another server answers 404, and one where this user may not ask answers 403.
      this.#explains = false
      return {}
    }
  }
}

interface Explanation {
  readonly admission?: { readonly plugin: string; readonly patch?: unknown }
}

/** The caller was refused and not the object, or the server cannot answer. */
function cannotValidator({ code, reason, message = '' }: Status): boolean {
  if (code === 401 || code === 429 || code === 503 || code === 504) return true
  return reason === 'Forbidden' && / is forbidden: User "/.test(message)
}

function isPatch(value: unknown): value is readonly PatchOperation[] {
  return (
    Array.isArray(value) &&
    value.every(
      operation =>
        isRecord(operation) && ['add', 'remove', 'replace'].includes(String(operation['op'])) && typeof operation['path'] === 'string',
    )
  )
}

/** Parses any number of `299 - "text"` separated by commas. */
function parseWarnings(header: string): string[] {
  return [...header.matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => text.replaceAll(/\\(.)/g, '$1'))
}
