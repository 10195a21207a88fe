// The environments that all expressions of the API start from: which libraries they have, by the version that brought them.
//
// What is written anew may use only what the release before this one knows, so that a cluster can go back to it; what is stored may use everything.
import { homogeneousLiterals, literalArguments, literalRules } from '../check/literals.ts'
import { Environment } from '../environment.ts'
import { authorizerLibrary, authorizerSelectorsLibrary } from '../library/authorizer.ts'
import { formatLiterals } from '../library/format-literals.ts'
import type { Library } from '../library/function.ts'
import { listsLibrary } from '../library/lists.ts'
import { optionalLibrary } from '../library/optional.ts'
import { regexLibrary } from '../library/regex.ts'
import { setsLibrary } from '../library/sets.ts'
import { stringsLibrary } from '../library/strings.ts'
import { twoVariableLibrary } from '../library/two-variables.ts'

/** The minor version of Kubernetes v1 that brought a library. */
const libraries: readonly { readonly since: number; readonly library: Library }[] = [
  { since: 0, library: regexLibrary },
  { since: 0, library: listsLibrary },
  { since: 27, library: authorizerLibrary },
  { since: 28, library: optionalLibrary },
  { since: 29, library: stringsLibrary },
  { since: 29, library: setsLibrary },
  { since: 31, library: authorizerSelectorsLibrary },
  { since: 32, library: twoVariableLibrary },
]

/** What is written anew must be understood by the release before v1.33. */
const compatibleWith = 32

function create(minor: number): Environment {
  return Environment.create({
    libraries: libraries.filter(({ since }) => since <= minor).map(({ library }) => library),
    optionalSyntax: true,
    validators: [literalRules([...literalArguments, homogeneousLiterals, formatLiterals])],
  })
}

/** For expressions that a request writes. */
export const newExpressions = create(compatibleWith)
/** For expressions that are stored already, also while their object is updated. */
export const storedExpressions = create(Number.POSITIVE_INFINITY)
