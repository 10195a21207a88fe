// The base environments of all API expressions: their libraries, by the version that introduced them.
//
// New expressions may use only features of the previous release, so that a cluster can be downgraded; stored ones may use everything.
import { homogeneousLiterals, literalArguments, literalRules } from '../check/literals.ts'
import { Environment } from '../environment.ts'
import type { Library } from '../functions/function.ts'
import { addressesLibrary } from '../library/addresses.ts'
import { authorizerLibrary, authorizerSelectorsLibrary } from '../library/authorizer.ts'
import { formatLiterals } from '../library/format-literals.ts'
import { formatsLibrary } from '../library/formats.ts'
import { jsonPatchLibrary } from '../library/json-patch.ts'
import { listsLibrary } from '../library/lists.ts'
import { optionalLibrary } from '../library/optional.ts'
import { quantitiesLibrary } from '../library/quantities.ts'
import { regexLibrary } from '../library/regex.ts'
import { semverLibrary } from '../library/semver.ts'
import { setsLibrary } from '../library/sets.ts'
import { stringsLibrary } from '../library/strings.ts'
import { twoVariableLibrary } from '../library/two-variables.ts'
import { urlsLibrary } from '../library/urls.ts'
import { patchType } from './patch-types.ts'

/** The minor version of Kubernetes v1 that introduced a library. */
const libraries: readonly { readonly since: number; readonly library: Library }[] = [
  { since: 0, library: urlsLibrary },
  { since: 0, library: regexLibrary },
  { since: 0, library: listsLibrary },
  { since: 27, library: authorizerLibrary },
  { since: 28, library: optionalLibrary },
  { since: 28, library: quantitiesLibrary },
  { since: 29, library: stringsLibrary },
  { since: 29, library: setsLibrary },
  { since: 30, library: addressesLibrary },
  { since: 31, library: formatsLibrary },
  { since: 31, library: authorizerSelectorsLibrary },
  { since: 32, library: twoVariableLibrary },
  { since: 33, library: semverLibrary },
]

/** New expressions must compile in the release before v1.33. */
const compatibleWith = 32

function create(minor: number, patches = false): Environment {
  const known = libraries.filter(({ since }) => since <= minor).map(({ library }) => library)
  return Environment.create({
    libraries: patches ? [...known, jsonPatchLibrary] : known,
    ...(patches ? { findType: patchType } : {}),
    optionalSyntax: true,
    validators: [literalRules([...literalArguments, homogeneousLiterals, formatLiterals])],
  })
}

/** Created when the first expression is compiled: most servers have none. */
function once(make: () => Environment): () => Environment {
  let made: Environment | undefined
  return () => {
    made ??= make()
    return made
  }
}

/** For expressions in a request. */
export const newExpressions = once(() => create(compatibleWith))
/** For expressions already stored, also during updates of their object. */
export const storedExpressions = once(() => create(Number.POSITIVE_INFINITY))
/** The same for expressions that return a change of an object. */
export const newMutations = once(() => create(compatibleWith, true))
export const storedMutations = once(() => create(Number.POSITIVE_INFINITY, true))
