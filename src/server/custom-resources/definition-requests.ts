// What the server writes to CustomResourceDefinitions and their objects: requests of its own, authorized, admitted and audited as all others.
import type { CustomResourceDefinitionStatus } from '../../api/types/apiextensions-v1.ts'
import type { InProcessTransport } from '../in-process.ts'

const base = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const manager = 'fieldManager=kube-apiserver'

export class DefinitionRequests {
  readonly #transport: InProcessTransport
  readonly #signal: AbortSignal

  constructor(transport: InProcessTransport, signal: AbortSignal) {
    this.#transport = transport
    this.#signal = signal
  }

  /** Whether it was written; false where the definition is another one by now, which is looked at anew. */
  putStatus(name: string, resourceVersion: string, status: CustomResourceDefinitionStatus): Promise<boolean> {
    return this.#patch(`${base}/${name}/status?${manager}`, resourceVersion, { op: 'add', path: '/status', value: status })
  }

  /** As `putStatus`. */
  putFinalizers(name: string, resourceVersion: string, finalizers: readonly string[]): Promise<boolean> {
    return this.#patch(`${base}/${name}?${manager}`, resourceVersion, { op: 'add', path: '/metadata/finalizers', value: finalizers })
  }

  /** Rejects where the server refuses. */
  async deleteAll(apiVersion: string, plural: string, namespace: string): Promise<void> {
    const scope = namespace === '' ? '' : `/namespaces/${namespace}`
    const { status, text } = await this.#send('DELETE', `/apis/${apiVersion}${scope}/${plural}`, undefined)
    if (status >= 300 && status !== 404) throw new Error(`deleting ${plural} of ${apiVersion} answered ${status}: ${text}`)
  }

  async #patch(path: string, resourceVersion: string, operation: object): Promise<boolean> {
    const operations = [{ op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion }, operation]
    const { status, text } = await this.#send('PATCH', path, operations)
    if (status === 404 || status === 409) return false
    if (status >= 300) throw new Error(`PATCH ${path} answered ${status}: ${text}`)
    return true
  }

  async #send(method: string, path: string, value: object | undefined): Promise<{ status: number; text: string }> {
    const headers = { 'content-type': method === 'PATCH' ? 'application/json-patch+json' : 'application/json' }
    const body = value === undefined ? {} : { body: Buffer.from(JSON.stringify(value)) }
    const response = await this.#transport.request({ method, path, headers, ...body }, this.#signal)
    const chunks: Buffer[] = []
    for await (const chunk of response.body) chunks.push(chunk)
    return { status: response.status, text: Buffer.concat(chunks).toString().slice(0, 300) }
  }
}
