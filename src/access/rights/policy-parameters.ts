// Users must not let an admission policy read parameters that they may not read themselves: the policy's messages would reveal them.
import { isDeepStrictEqual } from 'node:util'
import { forbiddenField } from '../../api/field-error.ts'
import type { KubeObject } from '../../api/object.ts'
import { type ApiError, invalid } from '../../api/status.ts'
import type { ParamKind, ParamRef } from '../../api/types/admissionregistration-v1.ts'
import type { UserInfo } from '../../api/user.ts'
import { type Attributes, systemMasters } from '../access.ts'
import type { Authorization } from '../authorize.ts'

/** A create or update that is about to be stored; an AdmissionRequest has all of it. */
export interface PolicyWrite {
  readonly resource: { readonly group: string; readonly kind: string; readonly plural: string }
  readonly name: string
  readonly object: KubeObject | undefined
  readonly oldObject: KubeObject | undefined
  readonly user: UserInfo
}

/** Validating and mutating policies. */
export interface ParameterizedPolicy extends KubeObject {
  readonly spec: { readonly paramKind?: ParamKind }
}

interface ParameterizedBinding extends KubeObject {
  readonly spec: { readonly policyName?: string; readonly paramRef?: ParamRef }
}

/** The resources of policies, and those of bindings with the resources of their policies. */
const policies: ReadonlySet<string> = new Set(['validatingadmissionpolicies', 'mutatingadmissionpolicies'])
const policiesOfBindings: ReadonlyMap<string, string> = new Map([
  ['validatingadmissionpolicybindings', 'validatingadmissionpolicies'],
  ['mutatingadmissionpolicybindings', 'mutatingadmissionpolicies'],
])

export interface PolicyParametersContext {
  readonly authorization: Pick<Authorization, 'authorize'>
  readonly policy: (plural: string, name: string) => ParameterizedPolicy | undefined
  /** The resource of a served kind. */
  readonly pluralOf: (apiVersion: string, kind: string) => string | undefined
}

/** The refusal; undefined if the write may proceed. */
export async function checkPolicyParameters(write: PolicyWrite, context: PolicyParametersContext): Promise<ApiError | undefined> {
  if (write.user.groups.includes(systemMasters)) return undefined
  if (policies.has(write.resource.plural)) return checkPolicy(write, context)
  const bound = policiesOfBindings.get(write.resource.plural)
  return bound === undefined ? undefined : checkBinding(write, bound, context)
}

async function checkPolicy(write: PolicyWrite, context: PolicyParametersContext): Promise<ApiError | undefined> {
  const kind = (write.object as ParameterizedPolicy | undefined)?.spec.paramKind
  const before = (write.oldObject as ParameterizedPolicy | undefined)?.spec.paramKind
  if (kind === undefined || isDeepStrictEqual(kind, before)) return undefined
  const { allowed } = await context.authorization.authorize(attributes(write.user, 'get', kind, '*', '*', context), write)
  if (allowed) return undefined
  const what = `(kind=${kind.kind ?? ''}, apiVersion=${kind.apiVersion ?? ''})`
  const why = `user ${goUser(write.user)} must have "get" permission on all objects of the referenced paramKind ${what}`
  return invalid(write.resource, write.name, [forbiddenField('spec.paramKind', why)])
}

async function checkBinding(write: PolicyWrite, policiesName: string, context: PolicyParametersContext): Promise<ApiError | undefined> {
  const binding = write.object as ParameterizedBinding | undefined
  const before = write.oldObject as ParameterizedBinding | undefined
  const reference = binding?.spec.paramRef
  if (binding === undefined || reference === undefined) return undefined
  if (before?.spec.policyName === binding.spec.policyName && isDeepStrictEqual(before?.spec.paramRef, reference)) return undefined
  const kind = context.policy(policiesName, binding.spec.policyName ?? '')?.spec.paramKind
  const { name = '', namespace = '' } = reference
  const verb = name === '' ? 'list' : 'get'
  const { allowed } = await context.authorization.authorize(attributes(write.user, verb, kind, namespace, name, context), write)
  if (allowed) return undefined
  const why = `user ${goUser(write.user)} does not have "${verb}" permission on the object referenced by paramRef`
  return invalid(write.resource, write.name, [forbiddenField('spec.paramRef', why)])
}

/** An unknown kind stands for all of its group version, and a missing kind for everything. */
function attributes(
  user: UserInfo,
  verb: string,
  kind: ParamKind | undefined,
  namespace: string,
  name: string,
  context: PolicyParametersContext,
): Attributes {
  const apiVersion = kind?.apiVersion ?? ''
  const slash = apiVersion.indexOf('/')
  const known = apiVersion !== ''
  return {
    user,
    verb,
    isResource: true,
    group: known ? apiVersion.slice(0, Math.max(0, slash)) : '*',
    version: known ? apiVersion.slice(slash + 1) : '*',
    resource: context.pluralOf(apiVersion, kind?.kind ?? '') ?? '*',
    subresource: '',
    namespace,
    name,
    path: '',
  }
}

/** As Go prints the user. */
function goUser({ name, uid = '', groups }: UserInfo): string {
  return `&{${name} ${uid} [${groups.join(' ')}] map[]}`
}
