// The server's writes to CustomResourceDefinitions and their objects.
import type { CustomResourceDefinitionStatus } from '../../api/types/apiextensions-v1.ts'
import type { OwnRequests } from '../http/internal-requests.ts'

const base = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const manager = 'fieldManager=kube-apiserver'

export class DefinitionRequests {
  readonly #requests: OwnRequests

  constructor(requests: OwnRequests) {
    this.#requests = requests
  }

  /** False if the definition has changed meanwhile, so that the caller looks again. */
  putStatus(name: string, revision: number, status: CustomResourceDefinitionStatus): Promise<boolean> {
    return this.#requests.patch(`${base}/${name}/status?${manager}`, revision, { op: 'add', path: '/status', value: status })
  }

  /** Returns the same as `putStatus`. */
  putFinalizers(name: string, revision: number, finalizers: readonly string[]): Promise<boolean> {
    return this.#requests.patch(`${base}/${name}?${manager}`, revision, { op: 'add', path: '/metadata/finalizers', value: finalizers })
  }

  /** Rejects if the server refuses. */
  async deleteAll(apiVersion: string, plural: string, namespace: string): Promise<void> {
    const scope = namespace === '' ? '' : `/namespaces/${namespace}`
    const { status, text } = await this.#requests.send('DELETE', `/apis/${apiVersion}${scope}/${plural}`)
    if (status >= 300 && status !== 404) throw new Error(`deleting ${plural} of ${apiVersion} answered ${status}: ${text}`)
  }
}
