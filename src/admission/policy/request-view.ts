// A request as expressions see it: `object`, `oldObject`, `request`, `authorizer`. Each part is created on first use.

import { Authorizer, Check, type CheckAnswer, type CheckAttributes } from '../../api/cel/library/authorizer.ts'
import { resourceCheckType } from '../../api/cel/library/opaque-types.ts'
import type { CelValue } from '../../api/cel/values/values.ts'
import type { KubeObject } from '../../api/object.ts'
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import { notFound } from '../../api/status.ts'
import type { StoreReader } from '../../api/store-view.ts'
import { writeJson } from '../../base/write-json.ts'
import type { AdmissionRequest } from '../admission.ts'
import { isNamespace, namespaceOf } from '../matching/rule.ts'
import { kindIn, requestedName, resourceOf, userInfo, versioned } from '../request-facts.ts'
import { AnswerPending } from './answer-pending.ts'
import type { Bindings } from './expression.ts'
import type { Meter } from './meter.ts'

/** The variables of one evaluation; a getter runs only if an expression uses it. */
export interface RequestVariables {
  readonly object: CelValue
  readonly oldObject: CelValue
  readonly request: CelValue
  readonly authorizer: CelValue
  readonly 'authorizer.requestResource': CelValue
}

/** The same as rules matched the request, and as match conditions see it: they see the requested resource, not the one that rules name. */
export interface FoundRequest extends RequestVariables {
  readonly inConditions: RequestVariables
}

/** Variables other than the request. */
export interface OtherVariables {
  readonly namespaceObject: CelValue
  readonly params?: CelValue
  readonly variables?: CelValue
}

/** The variables of an expression. Expensive ones are created on first use. */
export function bindingsOf(request: RequestVariables, { namespaceObject, params = null, variables = null }: OtherVariables): Bindings {
  return {
    ...{ object: request.object, oldObject: request.oldObject, namespaceObject, params, variables },
    get request() {
      return request.request
    },
    get authorizer() {
      return request.authorizer
    },
    get 'authorizer.requestResource'() {
      return request['authorizer.requestResource']
    },
  }
}

/** A request's questions to the authorizers, as its user. A webhook is asked the same only once for one request. */
export type DecideFor = (request: Pick<AdmissionRequest, 'user'>) => (asked: CheckAttributes) => Promise<CheckAnswer>

/** One request; kept during its admission. */
export class RequestView {
  readonly #request: AdmissionRequest
  readonly #decide: DecideFor
  readonly #versions = new Map<ResourceDefinition, FoundRequest>()
  #authorizer: Authorizer | undefined
  #check: Check | undefined
  readonly #meter: Meter
  readonly #answers = new Map<string, CheckAnswer>()

  constructor(request: AdmissionRequest, decide: DecideFor, meter: Meter) {
    this.#request = request
    this.#decide = decide
    this.#meter = meter
  }

  /** As seen by a policy whose rules name `version`. */
  in(version: ResourceDefinition): FoundRequest {
    const known = this.#versions.get(version)
    if (known !== undefined) return known
    const made = this.#variables(version)
    this.#versions.set(version, made)
    return made
  }

  /** `named` is the version of the resource that expressions see. */
  #answerTo(asked: CheckAttributes): CheckAnswer {
    const question = writeJson(asked)
    const known = this.#answers.get(question)
    if (known !== undefined) return known
    throw new AnswerPending(this.#meter, async () => {
      this.#answers.set(question, await this.#decide(this.#request)(asked))
    })
  }

  /** `named` is the version of the resource that expressions see. */
  #variables(version: ResourceDefinition, named = version): FoundRequest {
    const request = this.#request
    const view = this
    let described: CelValue | undefined
    return {
      object: shownAs(request, request.object, version),
      oldObject: shownAs(request, request.oldObject, version),
      get request() {
        described ??= describe(request, version, named)
        return described
      },
      get inConditions() {
        return named === request.resource ? this : view.#variables(version, request.resource)
      },
      get authorizer() {
        view.#authorizer ??= new Authorizer(asked => view.#answerTo(asked))
        return view.#authorizer
      },
      get 'authorizer.requestResource'() {
        view.#check ??= requestResource(request, this.authorizer as Authorizer)
        return view.#check
      },
    }
  }
}

// Decoded JSON is already a CEL value.
const shownAs = (request: AdmissionRequest, object: KubeObject | undefined, version: ResourceDefinition): CelValue =>
  object === undefined ? null : (versioned(request, object, version) as unknown as CelValue)

/** `request` without empty fields, as upstream. */
function describe(request: AdmissionRequest, version: ResourceDefinition, named: ResourceDefinition): CelValue {
  const { resource, subresource, user, operation, dryRun, options } = request
  const name = requestedName(request)
  const namespace = namespaceOf(request)
  return {
    kind: kindIn(request, version),
    resource: resourceOf(named),
    ...(subresource === '' ? {} : { subResource: subresource, requestSubResource: subresource }),
    requestKind: kindIn(request, resource),
    requestResource: resourceOf(resource),
    ...(name === '' ? {} : { name }),
    ...(namespace === '' ? {} : { namespace }),
    operation,
    userInfo: userInfo(user),
    dryRun,
    ...(options === undefined ? {} : { options: options as CelValue }),
  }
}

function requestResource(request: AdmissionRequest, authorizer: Authorizer): Check {
  const { group, plural } = request.resource
  const { subresource } = request
  const asked = { group, resource: plural, subresource, namespace: namespaceOf(request), name: requestedName(request) }
  return new Check(resourceCheckType.name, authorizer, asked)
}

/** `namespaceObject`; undefined for cluster-scoped objects. Throws the 404 of a missing one. */
export function enclosingNamespace(request: AdmissionRequest, reader: StoreReader): CelValue | undefined {
  const { resource, namespace } = request
  if (isNamespace(resource) || namespace === '') return undefined
  const found = reader.get('namespaces', '', namespace)
  if (found === undefined) throw notFound({ group: '', plural: 'namespaces' }, namespace)
  return found as unknown as CelValue
}
