// certificates.k8s.io/v1 CertificateSigningRequest.
import { duplicate, type FieldError, forbiddenField, invalidValue, notSupported, required, type UpdateFaults } from '../../field-error.ts'
import type { CertificateSigningRequest } from '../../types/certificates-v1.ts'
import { goBytes, invalidShown } from '../../validation/go-syntax.ts'
import { nameIsPathSegment } from '../../validation/names.ts'
import { repetition } from '../../validation/repetition.ts'
import { humanDuration } from '../printing.ts'
import { type Column, defineResource, type StrategyContext } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { keepSpec, keepStatus, statusSubresource } from '../status-strategy.ts'
import { certificateProblem, requestProblem } from './pem.ts'
import { keepDecisions, stampConditions, validateConditionChange, validateConditions } from './request-conditions.ts'
import { validateSignerName } from './signer-name.ts'

const minExpirationSeconds = 600
/** Requests of the previous version had no signer; this value cannot be requested any more. */
const legacySigner = 'kubernetes.io/legacy-unknown'
const usages = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
]

const columns: readonly Column<CertificateSigningRequest>[] = [
  nameColumn,
  ageColumn,
  { name: 'SignerName', type: 'string', cell: ({ spec }) => spec.signerName || '<none>' },
  { name: 'Requestor', type: 'string', cell: ({ spec }) => spec.username ?? '' },
  {
    name: 'RequestedDuration',
    type: 'string',
    cell: ({ spec }) => (spec.expirationSeconds === undefined ? '<none>' : humanDuration(spec.expirationSeconds * 1000)),
  },
  { name: 'Condition', type: 'string', cell: conditionCell },
]

/** On every path. */
const validatesMetadata = ['whole', 'change'] as const

export const certificateSigningRequest = defineResource<CertificateSigningRequest>({
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'CertificateSigningRequest',
  plural: 'certificatesigningrequests',
  namespaced: false,
  validatesMetadata,
  shortNames: ['csr'],
  columns,
  subresources: [
    {
      name: 'approval',
      validatesMetadata,
      verbs: ['get', 'update', 'patch'],
      resetFields: ['spec', 'status.certificate'],
      prepare(object, old, { now }) {
        keepSpec(object, old)
        stampConditions(object, old, now)
        // Only the conditions may change here: the certificate belongs to the signer.
        const { conditions: _conditions, ...kept } = old.status ?? {}
        const conditions = object.status?.conditions
        object.status = { ...kept, ...(conditions === undefined ? {} : { conditions }) }
      },
      validate: (object, old) => validateStatus(object, old, { approval: true }),
    },
    {
      ...statusSubresource<CertificateSigningRequest>({ resetFields: ['status.conditions'] }),
      validatesMetadata,
      prepare(object, old, { now }) {
        keepSpec(object, old)
        keepDecisions(object, old)
        stampConditions(object, old, now)
      },
      validate: (object, old) => validateStatus(object, old, { approval: false }),
    },
  ],
  nameRule: nameIsPathSegment,
  resetFields: ['spec', 'status'],
  fieldSelectors: { values: ({ spec }) => ({ 'spec.signerName': spec.signerName }) },
  prepareForCreate(object, context) {
    stampRequester(object, context)
    object.status = {}
  },
  prepare(object, old) {
    keepSpec(object, old)
    keepStatus(object, old)
  },
  validate,
  validateUpdate: () => [],
})

/** The requester is the authenticated user, never the object's claim. */
function stampRequester({ spec }: CertificateSigningRequest, context: StrategyContext): void {
  delete spec.username
  delete spec.uid
  delete spec.groups
  delete spec.extra
  if (context.userName !== undefined) spec.username = context.userName
  if (context.userUid !== undefined && context.userUid !== '') spec.uid = context.userUid
  if (context.userGroups !== undefined && context.userGroups.length > 0) spec.groups = [...context.userGroups]
  const extra = Object.entries(context.userExtra ?? {})
  if (extra.length > 0) spec.extra = Object.fromEntries(extra.map(([key, values]) => [key, [...values]]))
}

function validate({ spec }: CertificateSigningRequest): FieldError[] {
  const errors: FieldError[] = []
  const problem = requestProblem(spec.request)
  if (problem !== undefined) errors.push(invalidShown('spec.request', goBytes(spec.request), problem))
  const wanted = spec.usages ?? []
  if (wanted.length === 0) errors.push(required('spec.usages'))
  const isRepeated = repetition<string>()
  wanted.forEach((usage, index) => {
    if (!usages.includes(usage)) errors.push(notSupported(`spec.usages[${index}]`, usage, usages))
    if (isRepeated(usage)) errors.push(duplicate(`spec.usages[${index}]`, usage))
  })
  if (spec.signerName === legacySigner) {
    errors.push(invalidValue('spec.signerName', spec.signerName, 'the legacy signerName is not allowed via this API version'))
  } else {
    validateSignerName(spec.signerName, 'spec.signerName', errors)
  }
  if (spec.expirationSeconds !== undefined && spec.expirationSeconds < minExpirationSeconds) {
    errors.push(
      invalidValue('spec.expirationSeconds', spec.expirationSeconds, 'may not specify a duration less than 600 seconds (10 minutes)'),
    )
  }
  return errors
}

/** All of it precedes the validation of metadata changes. */
function validateStatus(object: CertificateSigningRequest, old: CertificateSigningRequest, path: { approval: boolean }): UpdateFaults {
  const errors: FieldError[] = []
  validateConditions(object, errors)
  const field = 'status.certificate'
  const certificate = object.status?.certificate ?? ''
  const before = old.status?.certificate ?? ''
  const problem = certificate === '' || certificate === before ? undefined : certificateProblem(certificate)
  if (problem !== undefined) errors.push(invalidValue(field, '<certificate data>', problem))
  validateConditionChange(object, old, path, errors)
  if (before !== '' && certificate !== before) errors.push(forbiddenField(field, 'updates may not modify existing certificate content'))
  return [errors]
}

function conditionCell({ status }: CertificateSigningRequest): string {
  const types = new Set((status?.conditions ?? []).map(({ type }) => type))
  const words = types.has('Denied') ? ['Denied'] : types.has('Approved') ? ['Approved'] : ['Pending']
  if (types.has('Failed')) words.push('Failed')
  if ((status?.certificate ?? '') !== '') words.push('Issued')
  return words.join(',')
}
