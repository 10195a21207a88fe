// The services of APIServices: resolved when something changes, not for each request.
import type { Service } from '../../../api/types/core-v1.ts'
import type { EndpointSlice } from '../../../api/types/discovery-v1.ts'
import type { Logger } from '../../../base/log.ts'
import { followChanges } from '../../../store/follow-changes.ts'
import type { Collection, Selection, Store } from '../../../store/store.ts'
import type { ServedResources } from '../../resource/served-resource.ts'
import { type BackendState, backendState, sliceServiceLabel } from './backend-state.ts'
import type { BackendReference } from './registered-api.ts'

interface Followed {
  /** The number of APIServices that name it. */
  uses: number
  /** Resolved state by port, until something changes. */
  readonly states: Map<number, BackendState>
}

const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`

export class Backends {
  readonly #services: Collection | undefined
  readonly #slices: Collection | undefined
  readonly #followed = new Map<string, Followed>()
  readonly #onChange: (namespace: string, name: string) => void

  /** Calls `onChange` for a service in use. */
  constructor(resources: ServedResources, onChange: (namespace: string, name: string) => void) {
    this.#services = resources.byGroupResource('services')?.collection
    this.#slices = resources.byGroupResource('endpointslices.discovery.k8s.io')?.collection
    this.#onChange = onChange
  }

  /** Runs until the signal. */
  follow(store: Store, log: Logger, signal: AbortSignal): void {
    const query = { after: store.revision, signal, log }
    if (this.#services !== undefined)
      followChanges(this.#services, query, ({ event: { entry } }) => this.#changed(entry.namespace, entry.name))
    if (this.#slices !== undefined)
      followChanges(this.#slices, query, ({ event: { entry, previous } }) => {
        for (const { namespace, labels } of [entry, ...(previous ? [previous] : [])])
          this.#changed(namespace, labels[sliceServiceLabel] ?? '')
      })
  }

  use({ namespace, name }: BackendReference): void {
    const key = keyOf(namespace, name)
    const known = this.#followed.get(key)
    if (known === undefined) this.#followed.set(key, { uses: 1, states: new Map() })
    else known.uses++
  }

  release({ namespace, name }: BackendReference): void {
    const key = keyOf(namespace, name)
    const known = this.#followed.get(key)
    if (known !== undefined && --known.uses === 0) this.#followed.delete(key)
  }

  state(reference: BackendReference): BackendState {
    const { namespace, name, port } = reference
    const states = this.#followed.get(keyOf(namespace, name))?.states
    const known = states?.get(port)
    if (known !== undefined) return known
    const service = this.#services?.get(namespace, name)?.object as Service | undefined
    const slices = this.#slices?.list({ namespace, selection: ofService(name) }).entries ?? []
    const state = backendState(
      reference,
      service,
      slices.map(({ object }) => object as unknown as EndpointSlice),
    )
    states?.set(port, state)
    return state
  }

  #changed(namespace: string, service: string): void {
    const followed = this.#followed.get(keyOf(namespace, service))
    if (followed === undefined) return
    followed.states.clear()
    this.#onChange(namespace, service)
  }
}

function ofService(name: string): Selection {
  return { exactLabels: [[sliceServiceLabel, name]], matches: ({ labels }) => labels[sliceServiceLabel] === name }
}
