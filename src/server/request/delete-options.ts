// DeleteOptions from the body, or the same fields in the query.
import { type FieldError, invalidValue, notSupported } from '../../api/field-error.ts'
import { declaredKind, decodeValue, noKindMessage } from '../../api/schema/decode.ts'
import { structByKey } from '../../api/schema/model.ts'
import { badRequest, invalid } from '../../api/status.ts'
import type { DeleteOptions } from '../../api/types/meta-v1.ts'
import { header } from '../http/exchange.ts'
import { plainFailure } from '../http/plain-failure.ts'
import { readable } from './decode.ts'
import { isDryRun, validateDryRun } from './dry-run.ts'
import { bodyFormat } from './negotiate.ts'
import { readBody } from './read-body.ts'
import type { RequestContext } from './request-context.ts'

export type PropagationPolicy = 'Orphan' | 'Background' | 'Foreground'

export interface Deletion {
  readonly dryRun: boolean
  readonly graceSeconds: number | undefined
  readonly propagation: PropagationPolicy | undefined
  /** Set if the client used the deprecated `orphanDependents: false`. */
  readonly orphansExplicitlyOff?: boolean
  readonly uid: string | undefined
  readonly resourceVersion: string | undefined
}

const optionsKind = { group: '', version: 'v1', kind: 'DeleteOptions' }
const policies: readonly string[] = ['Foreground', 'Background', 'Orphan']

/** The query counts only without a body, except for `dryRun`, which counts in either place. */
export async function readDeletion(context: RequestContext): Promise<Deletion> {
  const body = await readBody(context)
  const options = body.length > 0 ? await fromBody(context, body) : fromQuery(context)
  const dryRun = [...(options.dryRun ?? []), ...context.query.all('dryRun')]
  validateDeleteOptions({ ...options, dryRun })
  return {
    dryRun: isDryRun(dryRun),
    graceSeconds: options.gracePeriodSeconds,
    propagation: propagationOf(options),
    orphansExplicitlyOff: options.orphanDependents === false,
    uid: options.preconditions?.uid,
    resourceVersion: options.preconditions?.resourceVersion,
  }
}

const metaScheme = 'k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27'
/** Kinds that are registered without a version, beside the expected one. */
const otherOptions = ['CreateOptions', 'UpdateOptions']

/** Throws upstream's 500 for an unreadable body: upstream does not convert the decoder's error to a Status. */
async function fromBody(context: RequestContext, body: Buffer): Promise<DeleteOptions> {
  const format = bodyFormat(header(context.request.headers, 'content-type'))
  const { document: parsed } = await readable(context, optionsKind, format, body)
  if (!parsed.ok) throw parsed.fault === 'limit' ? badRequest(parsed.message) : plainFailure(parsed.message)
  // Clients send the kind with the version of any group, since upstream registers it in each group.
  const declared = declaredKind(parsed.value, { ...optionsKind, group: 'meta.k8s.io' })
  if (typeof declared === 'string') throw plainFailure(declared)
  if (otherOptions.includes(declared.kind)) {
    throw plainFailure(`converting (v1.${declared.kind}) to (v1.DeleteOptions): unknown conversion`)
  }
  if (declared.kind !== optionsKind.kind) throw plainFailure(noKindMessage(declared, metaScheme))
  const schema = structByKey('meta/v1.DeleteOptions')
  if (schema === undefined) throw new Error('DeleteOptions has no schema')
  const decoded = decodeValue(parsed.value, schema, 'Ignore')
  if (!decoded.ok) throw plainFailure(decoded.message)
  return decoded.object as unknown as DeleteOptions
}

function fromQuery({ query }: RequestContext): DeleteOptions {
  const graceSeconds = query.integer('gracePeriodSeconds')
  const propagationPolicy = query.get('propagationPolicy')
  const orphan = query.get('orphanDependents')
  const uid = query.get('uid')
  const resourceVersion = query.get('resourceVersion')
  return {
    ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    ...(orphan === undefined ? {} : { orphanDependents: query.flag('orphanDependents') }),
    preconditions: { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) },
  }
}

/** Throws one 422 with all errors. */
export function validateDeleteOptions({ propagationPolicy: policy, orphanDependents, dryRun = [] }: DeleteOptions): void {
  const errors: FieldError[] = []
  if (policy !== undefined && orphanDependents !== undefined) {
    errors.push(invalidValue('propagationPolicy', policy, 'orphanDependents and deletionPropagation cannot be both set'))
  }
  if (policy !== undefined && !policies.includes(policy)) errors.push(notSupported('propagationPolicy', policy, [...policies, 'nil']))
  validateDryRun(dryRun, errors)
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors)
}

function propagationOf(options: DeleteOptions): PropagationPolicy | undefined {
  switch (options.propagationPolicy) {
    case 'Orphan':
    case 'Background':
    case 'Foreground':
      return options.propagationPolicy
    default:
      if (options.orphanDependents === undefined) return undefined
      return options.orphanDependents ? 'Orphan' : 'Background'
  }
}
