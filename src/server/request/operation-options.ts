// The options of a write for admission: CreateOptions, UpdateOptions, PatchOptions or DeleteOptions, as the client sent them.
import type { Deletion } from './delete-options.ts'
import type { ResourceContext } from './request-context.ts'

type Options = Readonly<Record<string, unknown>>

const apiVersion = 'meta.k8s.io/v1'

export function createOptions(context: ResourceContext): Options {
  return writeOptions(context, 'CreateOptions')
}

export function updateOptions(context: ResourceContext): Options {
  return writeOptions(context, context.info.verb === 'patch' ? 'PatchOptions' : 'UpdateOptions')
}

function writeOptions({ query, info }: ResourceContext, kind: string): Options {
  const dryRun = query.all('dryRun')
  const fieldManager = query.get('fieldManager')
  const fieldValidation = query.get('fieldValidation')
  return {
    kind,
    apiVersion,
    ...(dryRun.length > 0 ? { dryRun } : {}),
    ...(info.verb === 'patch' && query.get('force') !== undefined ? { force: query.flag('force') } : {}),
    ...(fieldManager ? { fieldManager } : {}),
    ...(fieldValidation ? { fieldValidation } : {}),
  }
}

export function deleteOptions({ dryRun, graceSeconds, propagation, uid, resourceVersion }: Deletion): Options {
  const preconditions = { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) }
  return {
    kind: 'DeleteOptions',
    apiVersion,
    ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }),
    ...(Object.keys(preconditions).length > 0 ? { preconditions } : {}),
    ...(propagation === undefined ? {} : { propagationPolicy: propagation }),
    ...(dryRun ? { dryRun: ['All'] } : {}),
  }
}
