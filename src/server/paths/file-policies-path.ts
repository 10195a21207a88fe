// `/bulkhead/v1/policies`: policies and bindings that the API cannot change, each with its file or as shipped, and whether the files in the
// folder are the ones in effect.
import type { MutatingSource, ValidatingSource } from '../../admission/policy/policy-kinds.ts'
import { valueReply } from '../answers/respond.ts'
import type { PathHandler } from '../request/request-context.ts'

export interface FilePolicies {
  readonly validating: Pick<ValidatingSource, 'policies' | 'bindings'>
  readonly mutating: Pick<MutatingSource, 'policies' | 'bindings'>
  problem(): string | undefined
}

export const filePoliciesPath = '/bulkhead/v1/policies'

export function filePoliciesHandler(files: FilePolicies | undefined): PathHandler {
  return async (context, path) => {
    if (path !== filePoliciesPath) return undefined
    const problem = files?.problem()
    const sources = files === undefined ? [] : [files.validating, files.mutating]
    const items = sources.flatMap(source => [...source.policies(), ...source.bindings()])
    return valueReply(context, { kind: 'List', apiVersion: 'v1', metadata: {}, items, ...(problem === undefined ? {} : { problem }) })
  }
}
