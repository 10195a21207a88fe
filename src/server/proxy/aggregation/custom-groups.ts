// Registers the group versions of CustomResourceDefinitions like upstream's controllers: one APIService for each served group version, removed with the last definition.
import { groupVersion } from '../../../api/object.ts'
import { customPriority } from '../../../api/openapi/discovery.ts'
import type { Clock } from '../../../base/clock.ts'
import type { Logger } from '../../../base/log.ts'
import { type NextTime, RepeatedWork } from '../../../base/repeated-work.ts'
import type { OwnRequests } from '../../http/internal-requests.ts'
import type { ServedResources } from '../../resource/served-resource.ts'
import type { ApiServiceIndex } from './api-service-index.ts'
import { apiServicesPath } from './availability-controller.ts'
import type { ApiServiceObject } from './registered-api.ts'

/** `true` on APIServices that are maintained, `onstart` on those that are only created when the server starts. */
export const managedLabel = 'kube-aggregator.kubernetes.io/automanaged'

export interface CustomGroupsParts {
  readonly resources: ServedResources
  readonly index: ApiServiceIndex
  readonly clock: Clock
  readonly log: Logger
}

export type RegistrationPlan = 'create' | 'restore' | 'delete' | 'none'

/** Plans the action for the APIService of a group version. One without the label belongs to its author and is left alone. */
export function planRegistration(served: boolean, existing: ApiServiceObject | undefined): RegistrationPlan {
  if (existing === undefined) return served ? 'create' : 'none'
  if (existing.metadata.labels?.[managedLabel] !== 'true' || existing.metadata.deletionTimestamp !== undefined) return 'none'
  if (!served) return 'delete'
  const { service, groupPriorityMinimum, versionPriority } = existing.spec
  const isAsMade = service === undefined && groupPriorityMinimum === customPriority.group && versionPriority === customPriority.version
  return isAsMade ? 'none' : 'restore'
}

export class CustomGroups {
  readonly #parts: CustomGroupsParts
  readonly #work: RepeatedWork
  #requests: OwnRequests | undefined

  constructor(parts: CustomGroupsParts, signal: AbortSignal) {
    this.#parts = parts
    const { resources, index, clock, log } = parts
    this.#work = new RepeatedWork({ name: 'registration of custom groups', clock, log, work: name => this.#reconcile(name) }, signal)
    resources.onChange(({ group, versions }) => {
      for (const version of versions) this.#work.due(`${version}.${group}`)
    })
    index.onChange(({ name }) => this.#work.due(name))
  }

  /** Runs until the signal. */
  run(requests: OwnRequests): Promise<void> {
    this.#requests = requests
    return this.#work.run()
  }

  async #reconcile(name: string): Promise<NextTime> {
    const dot = name.indexOf('.')
    const [version, group] = [name.slice(0, dot), name.slice(dot + 1)]
    const apiVersion = groupVersion(group, version)
    const served = this.#parts.resources.all.some(one => one.apiVersion === apiVersion && one.definition.custom !== undefined)
    const entry = this.#parts.index.entry(name)
    const spec = { group, version, groupPriorityMinimum: customPriority.group, versionPriority: customPriority.version }
    switch (planRegistration(served, entry?.object as ApiServiceObject | undefined)) {
      case 'create':
        await this.#send('POST', apiServicesPath, { metadata: { name, labels: { [managedLabel]: 'true' } }, spec })
        break
      case 'restore':
        if (entry !== undefined)
          await this.#requests?.patch(`${apiServicesPath}/${name}`, entry.revision, { op: 'replace', path: '/spec', value: spec })
        break
      case 'delete':
        await this.#send('DELETE', `${apiServicesPath}/${name}`)
        break
      case 'none':
        break
    }
    // Every change enqueues it again.
    return 'never'
  }

  async #send(method: string, path: string, value?: object): Promise<void> {
    const { status = 0, text = '' } = (await this.#requests?.send(method, path, value)) ?? {}
    // 404 and 409: another writer was faster.
    if (status >= 300 && status !== 404 && status !== 409) throw new Error(`${method} ${path} answered ${status}: ${text}`)
  }
}
