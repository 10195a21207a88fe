// certificates.k8s.io/v1 CertificateSigningRequest.
import { duplicate, type FieldError, forbiddenField, invalidValue, notSupported, required } from '../../field-error.ts'
import { type Column, defineResource, type StrategyContext } from '../../resource.ts'
import type {
  CertificateSigningRequest,
  CertificateSigningRequestCondition,
  CertificateSigningRequestStatus,
} from '../../types/certificates-v1.ts'
import { immutableMessage, semanticallyEqual } from '../../validation/object-meta.ts'
import { humanDuration } from '../printing.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { keepSpec, keepStatus, statusSubresource } from '../status-strategy.ts'
import { requestProblem } from './pem-request.ts'
import { signerNameProblem } from './signer-name.ts'

const minExpirationSeconds = 600
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
/** Once true they stay: an approval or a denial must not be taken back. */
const finalConditions = ['Approved', 'Denied']

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

export const certificateSigningRequest = defineResource<CertificateSigningRequest>({
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'CertificateSigningRequest',
  plural: 'certificatesigningrequests',
  namespaced: false,
  shortNames: ['csr'],
  columns,
  subresources: [
    {
      name: 'approval',
      verbs: ['get', 'update', 'patch'],
      prepare(object, old, { now }) {
        keepSpec(object, old)
        // Only the conditions may change here: the certificate belongs to the signer.
        object.status = { ...old.status, conditions: object.status?.conditions }
        stampConditions(object, old, now)
      },
      validate: (object, old) => validateStatus(object, old, { approval: true }),
    },
    {
      ...statusSubresource<CertificateSigningRequest>(),
      prepare(object, old, { now }) {
        keepSpec(object, old)
        keepFinalConditions(object, old)
        stampConditions(object, old, now)
      },
      validate: (object, old) => validateStatus(object, old, { approval: false }),
    },
  ],
  nameRule: () => [],
  selectableFields: ({ spec }) => ({ 'spec.signerName': spec.signerName }),
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

/** Who asked is what the server authenticated, never what the object claims. */
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

function keepFinalConditions(object: CertificateSigningRequest, old: CertificateSigningRequest): void {
  const conditions = (object.status?.conditions ?? []).filter(({ type }) => !finalConditions.includes(type))
  const kept = (old.status?.conditions ?? []).filter(({ type }) => finalConditions.includes(type))
  object.status = { ...object.status, conditions: [...kept, ...conditions] }
}

function stampConditions(object: CertificateSigningRequest, old: CertificateSigningRequest, now: number): void {
  const time = `${new Date(now).toISOString().slice(0, 19)}Z`
  for (const condition of object.status?.conditions ?? []) {
    condition.status ||= 'True'
    condition.lastUpdateTime ??= time
    if (condition.lastTransitionTime === undefined || condition.lastTransitionTime === null) {
      const before = old.status?.conditions?.find(({ type }) => type === condition.type)
      condition.lastTransitionTime = before?.status === condition.status ? (before.lastTransitionTime ?? time) : time
    }
  }
}

function validate({ spec }: CertificateSigningRequest): FieldError[] {
  const errors: FieldError[] = []
  const problem = requestProblem(spec.request)
  if (problem !== undefined) errors.push(invalidValue('spec.request', spec.request, problem))
  const wanted = spec.usages ?? []
  if (wanted.length === 0) errors.push(required('spec.usages'))
  wanted.forEach((usage, index) => {
    if (!usages.includes(usage)) errors.push(notSupported(`spec.usages[${index}]`, usage, usages))
    if (wanted.indexOf(usage) < index) errors.push(duplicate(`spec.usages[${index}]`, usage))
  })
  if (spec.signerName === '') {
    errors.push(required('spec.signerName'))
  } else {
    const wrong = signerNameProblem(spec.signerName)
    if (wrong !== undefined) errors.push(invalidValue('spec.signerName', spec.signerName, wrong))
  }
  if (spec.expirationSeconds !== undefined && spec.expirationSeconds < minExpirationSeconds) {
    errors.push(
      invalidValue('spec.expirationSeconds', spec.expirationSeconds, 'may not specify a duration less than 600 seconds (10 minutes)'),
    )
  }
  return errors
}

function validateStatus(object: CertificateSigningRequest, old: CertificateSigningRequest, path: { approval: boolean }): FieldError[] {
  const errors: FieldError[] = []
  const conditions = object.status?.conditions ?? []
  validateConditions(conditions, errors)
  const before = old.status ?? {}
  for (const type of path.approval ? ['Approved', 'Denied'] : ['Failed']) {
    const had = before.conditions?.filter(condition => condition.type === type) ?? []
    if (
      had.length > 0 &&
      !semanticallyEqual(
        had,
        conditions.filter(condition => condition.type === type),
      )
    ) {
      if (!conditions.some(condition => condition.type === type)) {
        errors.push(forbiddenField('status.conditions', `updates may not remove a condition of type "${type}"`))
      }
    }
  }
  if (!path.approval) validateCertificate(object.status ?? {}, before, errors)
  return errors
}

function validateCertificate(status: CertificateSigningRequestStatus, old: CertificateSigningRequestStatus, errors: FieldError[]): void {
  const had = old.certificate ?? ''
  const certificate = status.certificate ?? ''
  if (had !== '' && had !== certificate) errors.push(invalidValue('status.certificate', certificate, immutableMessage))
  if (certificate === '' || had === certificate) return
  const text = Buffer.from(certificate, 'base64').toString('latin1')
  if (!/-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/.test(text)) {
    errors.push(invalidValue('status.certificate', '<certificate data>', 'must contain at least one CERTIFICATE PEM block'))
  }
}

function validateConditions(conditions: readonly CertificateSigningRequestCondition[], errors: FieldError[]): void {
  const seen = new Set<string>()
  conditions.forEach(({ type, status }, index) => {
    const field = `status.conditions[${index}]`
    if (type === '') errors.push(required(`${field}.type`))
    if (seen.has(type)) errors.push(duplicate(`${field}.type`, type))
    seen.add(type)
    if (status === '') errors.push(required(`${field}.status`))
    else if (['Approved', 'Denied', 'Failed'].includes(type) && status !== 'True') {
      errors.push(invalidValue(`${field}.status`, status, `condition type "${type}" must have status "True"`))
    } else if (!['True', 'False', 'Unknown'].includes(status)) {
      errors.push(notSupported(`${field}.status`, status, ['True', 'False', 'Unknown']))
    }
  })
  if (seen.has('Approved') && seen.has('Denied')) {
    const index = conditions.findLastIndex(({ type }) => finalConditions.includes(type))
    errors.push(
      invalidValue(`status.conditions[${index}].type`, conditions[index]?.type, 'Approved and Denied conditions are mutually exclusive'),
    )
  }
}

function conditionCell({ status }: CertificateSigningRequest): string {
  const types = new Set((status?.conditions ?? []).map(({ type }) => type))
  const words = types.has('Denied') ? ['Denied'] : types.has('Approved') ? ['Approved'] : ['Pending']
  if (types.has('Failed')) words.push('Failed')
  if ((status?.certificate ?? '') !== '') words.push('Issued')
  return words.join(',')
}
