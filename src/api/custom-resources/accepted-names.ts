// Decides which requested names a CustomResourceDefinition gets: the first definition keeps a name.

import { writeJson } from '../../base/write-json.ts'
import { aggregated } from '../go-text/aggregate-message.ts'
import type { CustomResourceDefinition, CustomResourceDefinitionNames } from '../types/apiextensions-v1.ts'
import type { Finding } from './conditions.ts'

/** Names of others in the same group: built-in resources and accepted definitions. */
export interface TakenNames {
  /** Plurals, singulars and short names. */
  readonly resources: ReadonlySet<string>
  /** Kinds and list kinds. */
  readonly kinds: ReadonlySet<string>
}

export interface AcceptedNames {
  readonly names: CustomResourceDefinitionNames
  readonly finding: Finding
}

/** The last conflict is reported, as upstream; each free name is accepted nevertheless. */
export function acceptNames({ spec, status }: CustomResourceDefinition, taken: TakenNames): AcceptedNames {
  const wanted = spec.names
  const had: CustomResourceDefinitionNames = status?.acceptedNames ?? { plural: '', kind: '' }
  const names: CustomResourceDefinitionNames = { ...had }
  let finding: Finding = { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' }
  const refuse = (reason: string, conflicts: readonly string[]) => {
    const message = aggregated(conflicts.map(name => `${writeJson(name)} is already in use`))
    finding = { type: 'NamesAccepted', status: 'False', reason, message }
  }
  // Names within a definition must differ too: its singular cannot be its short name.
  const resources = new Set([
    ...taken.resources,
    ...[had.plural, had.singular ?? '', ...(had.shortNames ?? [])].filter(name => name !== ''),
  ])
  const kinds = new Set([...taken.kinds, ...[had.kind, had.listKind ?? ''].filter(name => name !== '')])
  const accept = (name: 'plural' | 'singular' | 'kind' | 'listKind', used: ReadonlySet<string>, reason: string) => {
    const value = wanted[name] ?? ''
    if (value !== (had[name] ?? '') && used.has(value)) refuse(reason, [value])
    else names[name] = value
  }
  accept('plural', resources, 'PluralConflict')
  accept('singular', resources, 'SingularConflict')
  const shortNames = wanted.shortNames ?? []
  const conflicts = shortNames.filter(name => !had.shortNames?.includes(name) && resources.has(name))
  if (conflicts.length > 0) refuse('ShortNamesConflict', conflicts)
  else if (wanted.shortNames === undefined) delete names.shortNames
  else names.shortNames = shortNames
  accept('kind', kinds, 'KindConflict')
  accept('listKind', kinds, 'ListKindConflict')
  if (wanted.categories === undefined) delete names.categories
  else names.categories = wanted.categories
  return { names, finding }
}
