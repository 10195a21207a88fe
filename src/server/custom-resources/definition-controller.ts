// Maintains the status of CustomResourceDefinitions, and finalizes deleted ones: first their objects, then the definition.
import type { TakenNames } from '../../api/custom-resources/accepted-names.ts'
import { isTrue, withCondition } from '../../api/custom-resources/conditions.ts'
import { cleanupFinalizer } from '../../api/resources/apiextensions/custom-resource-definition.ts'
import { planStatus } from '../../api/resources/apiextensions/plan-status.ts'
import { sameValue } from '../../api/same-value.ts'
import { type Clock, pause } from '../../base/clock.ts'
import type { Collection, Entry, Watch } from '../../store/store.ts'
import type { OwnRequests } from '../http/internal-requests.ts'
import { type Definition, DefinitionFollower, type FollowerParts } from './definition-follower.ts'
import { DefinitionRequests } from './definition-requests.ts'

export interface DefinitionParts extends FollowerParts {
  readonly clock: Clock
}

const retryMs = 1000
/** Definitions that are reconciled in parallel. Names are still accepted one at a time. */
const parallel = 16

export class DefinitionController {
  readonly #parts: DefinitionParts
  readonly #follower: DefinitionFollower
  readonly #signal: AbortSignal
  readonly #due = new Set<string>()
  readonly #emptying = new Map<string, Watch>()
  #wake: () => void = () => undefined

  /** Serves established definitions before it returns. */
  constructor(parts: DefinitionParts, signal: AbortSignal) {
    this.#parts = parts
    this.#signal = signal
    this.#follower = new DefinitionFollower(parts)
    this.#follower.follow(name => this.#add(name), signal)
    signal.addEventListener('abort', () => this.#wake(), { once: true })
  }

  #add(name: string): void {
    this.#due.add(name)
    this.#wake()
  }

  /** Runs until the signal. */
  async run(own: OwnRequests): Promise<void> {
    const requests = new DefinitionRequests(own)
    while (!this.#signal.aborted) {
      if (this.#due.size === 0) {
        const { promise, resolve } = Promise.withResolvers<void>()
        this.#wake = resolve
        await promise
        continue
      }
      const names = [...this.#due].slice(0, parallel)
      for (const name of names) this.#due.delete(name)
      await Promise.all(names.map(name => this.#attempt(name, requests)))
    }
    for (const watch of this.#emptying.values()) watch.close()
  }

  async #attempt(name: string, requests: DefinitionRequests): Promise<void> {
    try {
      await this.#reconcile(name, requests)
    } catch (err) {
      if (this.#signal.aborted) return
      this.#parts.log.error('custom resource definition not brought forward', { customResourceDefinition: name, err })
      void this.#retry(name)
    }
  }

  async #retry(name: string): Promise<void> {
    await pause(this.#parts.clock, retryMs, this.#signal)
    if (!this.#signal.aborted) this.#add(name)
  }

  async #reconcile(name: string, requests: DefinitionRequests): Promise<void> {
    const entry = this.#follower.entry(name)
    if (entry === undefined) {
      // Its names are free again.
      this.#othersOf(name)
      return
    }
    const definition = entry.object as Definition
    if (definition.metadata.deletionTimestamp !== undefined) await this.#end(definition, entry, requests)
    else await this.#keepStatus(definition, entry, requests)
  }

  #othersOf(name: string): void {
    const group = name.slice(name.indexOf('.') + 1)
    for (const other of this.#follower.namesOfGroup(group)) if (other !== name) this.#due.add(other)
  }

  async #keepStatus(definition: Definition, entry: Entry, requests: DefinitionRequests): Promise<void> {
    const { name } = entry
    const { clock, store } = this.#parts
    const status = planStatus(definition, this.#takenFrom(name, definition.spec.group), clock.now())
    if (sameValue(status, definition.status)) return
    const before = this.#follower.accepted.get(name)
    // Served before the status says so: a client that reads `Established` can use it.
    this.#follower.serve({ ...definition, status }, entry, store.revision)
    const written = await requests.putStatus(name, entry.revision, status)
    if (written && before !== undefined && !sameValue(before.names, status.acceptedNames)) this.#othersOf(name)
  }

  /** Names of other definitions in the group, and of its built-in kinds. */
  #takenFrom(name: string, group: string): TakenNames {
    const resources = new Set<string>()
    const kinds = new Set<string>()
    const take = ({ plural = '', singular = '', shortNames = [], kind = '', listKind = '' }: Partial<Names>) => {
      for (const one of [plural, singular, ...shortNames]) resources.add(one)
      kinds.add(kind).add(listKind)
    }
    for (const { definition } of this.#parts.resources.all)
      if (definition.group === group && definition.custom === undefined) take(definition)
    for (const [other, accepted] of this.#follower.accepted) if (other !== name && accepted.group === group) take(accepted.names)
    return { resources, kinds }
  }

  async #end(definition: Definition, entry: Entry, requests: DefinitionRequests): Promise<void> {
    const { metadata, spec, status } = definition
    const { name } = entry
    const finalizers = metadata.finalizers ?? []
    if (!finalizers.includes(cleanupFinalizer)) return
    const finish = () =>
      requests.putFinalizers(
        name,
        entry.revision,
        finalizers.filter(one => one !== cleanupFinalizer),
      )
    const served = this.#parts.resources.byGroupResource(`${spec.names.plural}.${spec.group}`)
    if (served?.definition.custom === undefined || !isTrue(status, 'Established') || served.collection.size === 0) {
      await finish()
      return
    }
    const conditions = withCondition(status?.conditions ?? [], inProgress, this.#parts.clock.now())
    if (status !== undefined && !sameValue(conditions, status.conditions)) {
      // The event of this write enqueues the definition again.
      await requests.putStatus(name, entry.revision, { ...status, conditions })
      return
    }
    this.#whenEmpty(name, served.collection)
    const namespaces = new Set(served.collection.list({}).entries.map(({ namespace }) => namespace))
    for (const namespace of namespaces) await requests.deleteAll(served.apiVersion, spec.names.plural, namespace)
  }

  /** Objects may have finalizers; the removal of the last one enqueues the definition again. */
  #whenEmpty(name: string, collection: Collection): void {
    if (this.#emptying.has(name)) return
    const watch = collection.watch({ after: this.#parts.store.revision, maxPendingBytes: Number.POSITIVE_INFINITY })
    this.#emptying.set(name, watch)
    watch.onEvents(() => {
      if (collection.size > 0) return
      watch.close()
      this.#emptying.delete(name)
      this.#add(name)
    })
  }
}

type Names = { plural: string; singular: string; shortNames: readonly string[]; kind: string; listKind: string }

const inProgress = {
  type: 'Terminating',
  status: 'True',
  reason: 'InstanceDeletionInProgress',
  message: 'CustomResource deletion is in progress',
} as const
