// Serves the kinds of CustomResourceDefinitions, from the acceptance of their names until their deletion.
import { isTrue } from '../../api/custom-resources/conditions.ts'
import type { KubeObject } from '../../api/object.ts'
import { customResources } from '../../api/resources/custom-resource.ts'
import type { CustomResourceDefinition, CustomResourceDefinitionNames } from '../../api/types/apiextensions-v1.ts'
import type { Logger } from '../../base/log.ts'
import { writeJson } from '../../base/write-json.ts'
import { followChanges } from '../../store/follow-changes.ts'
import type { Entry, Store } from '../../store/store.ts'
import type { ChangingResources, ServedResource } from '../resource/served-resource.ts'
import type { ConversionSender } from './conversion.ts'
import { serveCustom } from './serve-custom.ts'

const definitionsName = 'customresourcedefinitions.apiextensions.k8s.io'

export interface FollowerParts {
  readonly resources: ChangingResources
  readonly store: Store
  /** Sends requests to conversion webhooks. */
  readonly sender: ConversionSender
  readonly log: Logger
}

export type Definition = KubeObject & CustomResourceDefinition

interface Served {
  readonly group: string
  readonly plural: string
  /** The definition that the served resources were compiled from. */
  readonly key: string
  readonly source: { entry: Entry }
}

/** Accepted names of a definition. */
export interface Accepted {
  readonly group: string
  readonly names: CustomResourceDefinitionNames
}

export class DefinitionFollower {
  readonly #parts: FollowerParts
  readonly #definitions: ServedResource | undefined
  readonly #served = new Map<string, Served>()
  readonly accepted = new Map<string, Accepted>()

  constructor(parts: FollowerParts) {
    this.#parts = parts
    this.#definitions = parts.resources.byGroupResource(definitionsName)
  }

  /** Serves the existing definitions, and calls `onChange` with each name now and after each change, until the signal. */
  follow(onChange: (name: string) => void, signal: AbortSignal): void {
    if (this.#definitions === undefined) return
    const { collection } = this.#definitions
    const { entries, revision } = collection.list({})
    for (const entry of entries) {
      this.#look(entry.name, entry, entry.revision)
      onChange(entry.name)
    }
    followChanges(collection, { after: revision, signal, log: this.#parts.log }, ({ type, event: { entry } }) => {
      this.#look(entry.name, type === 'DELETED' ? undefined : entry, this.#parts.store.revision)
      onChange(entry.name)
    })
  }

  entry(name: string): Entry | undefined {
    return this.#definitions?.collection.get('', name)
  }

  /** Names of the definitions of the group. */
  namesOfGroup(group: string): string[] {
    return (this.#definitions?.collection.list({}).entries ?? []).map(({ name }) => name).filter(name => name.endsWith(`.${group}`))
  }

  #look(name: string, entry: Entry | undefined, since: number): void {
    if (entry === undefined) {
      this.accepted.delete(name)
      const before = this.#served.get(name)
      this.#served.delete(name)
      if (before !== undefined) this.#parts.resources.replace(before.group, before.plural, () => [])
      return
    }
    const served = this.#served.get(name)
    // Refers to the newest entry, so that older ones can be freed.
    if (served !== undefined && served.key === keyOf(entry.object as Definition)) served.source.entry = entry
    else this.serve(entry.object as Definition, entry, since)
  }

  /** Serves a definition whose names are accepted; the status of `definition` may be about to be written. */
  serve(definition: Definition, entry: Entry, since: number): void {
    const { spec, status } = definition
    const { name } = entry
    if (status?.acceptedNames.plural) this.accepted.set(name, { group: spec.group, names: status.acceptedNames })
    const key = keyOf(definition)
    if (!isTrue(status, 'Established') || this.#served.get(name)?.key === key) return
    const source = { entry }
    const { plural } = spec.names
    const schemaOf = (version: string) =>
      (source.entry.object as Definition).spec.versions.find(other => other.name === version)?.schema?.openAPIV3Schema
    try {
      const { resources, stored } = customResources(definition, key, schemaOf)
      const { conversion } = spec
      const config = conversion?.strategy === 'Webhook' ? conversion.webhook : undefined
      const webhook = config === undefined || stored === undefined ? {} : { webhook: { config, sender: this.#parts.sender, stored } }
      this.#parts.resources.replace(spec.group, plural, current =>
        serveCustom(resources, this.#parts.store, { since, ...webhook }, current),
      )
      this.#served.set(name, { group: spec.group, plural, key, source })
    } catch (err) {
      this.#parts.log.error('custom resource not served', { customResourceDefinition: name, err })
    }
  }
}

/** Everything that the served resources depend on. */
function keyOf({ metadata, status }: Definition): string {
  const flags = [isTrue(status, 'Established'), isTrue(status, 'Terminating')]
  return writeJson([metadata.uid, metadata.generation, ...flags, status?.acceptedNames])
}
