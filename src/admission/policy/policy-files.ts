// Policies from files, validated like those created in the API. Pure: the caller reads the files.
import { type FieldError, formatFieldError } from '../../api/field-error.ts'
import type { KubeObject } from '../../api/object.ts'
import { groupVersion } from '../../api/object.ts'
import { mutatingAdmissionPolicy } from '../../api/resources/admissionregistration/mutating-admission-policy.ts'
import { mutatingAdmissionPolicyBinding } from '../../api/resources/admissionregistration/mutating-admission-policy-binding.ts'
import { validatingAdmissionPolicy } from '../../api/resources/admissionregistration/validating-admission-policy.ts'
import { validatingAdmissionPolicyBinding } from '../../api/resources/admissionregistration/validating-admission-policy-binding.ts'
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import { isRecord } from '../../api/schema/compile.ts'
import { decodeValue } from '../../api/schema/decode.ts'
import { schemaFor } from '../../api/schema/model.ts'
import { parseYamlDocuments, YamlError } from '../../api/schema/yaml.ts'
import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from '../../api/types/admissionregistration-v1.ts'
import type { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding } from '../../api/types/admissionregistration-v1alpha1.ts'
import { nameIsDnsSubdomain } from '../../api/validation/names.ts'
import { validateObjectMeta } from '../../api/validation/object-meta.ts'
import type { AnyBinding, AnyPolicy } from './policy-index.ts'

export interface PolicyFile {
  readonly name: string
  readonly text: string
}

interface Bound<P, B> {
  readonly policies: readonly P[]
  readonly bindings: readonly B[]
}

export interface FilePolicies {
  readonly validating: Bound<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding>
  readonly mutating: Bound<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding>
}

export interface PolicyFileOptions {
  /** Whether mutating policies are evaluated. */
  readonly mutates: boolean
}

/** Limit of objects in all files together. */
const maxFileObjects = 1000
/** On each object from a file: the name of the file. */
export const fileAnnotation = 'policy.bulkhead.dev/file'

/** A file has unusable content; the message names the file and the object. */
export class PolicyFileError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'PolicyFileError'
  }
}

// Each validates objects that were decoded with its own schema.
const validatingKinds = [validatingAdmissionPolicy, validatingAdmissionPolicyBinding] as unknown as readonly ResourceDefinition[]
const mutatingKinds = [mutatingAdmissionPolicy, mutatingAdmissionPolicyBinding] as unknown as readonly ResourceDefinition[]

/** Throws a PolicyFileError for the first fault, because half of a set of rules must not take effect. */
export function readPolicyFiles(files: readonly PolicyFile[], { mutates }: PolicyFileOptions): FilePolicies {
  const kinds = mutates ? [...validatingKinds, ...mutatingKinds] : validatingKinds
  const objects = files.flatMap(file => documentsOf(file).map((document, index) => readObject(document, file, index, kinds)))
  if (objects.length > maxFileObjects) throw new PolicyFileError(`The files hold ${objects.length} objects, the limit is ${maxFileObjects}`)
  const seen = new Map<string, string>()
  for (const { kind, metadata } of objects) {
    const key = `${kind} "${metadata.name}"`
    const file = metadata.annotations?.[fileAnnotation] ?? ''
    const other = seen.get(key)
    if (other !== undefined) throw new PolicyFileError(`${key} is in ${other === file ? `"${file}" twice` : `"${other}" and in "${file}"`}`)
    seen.set(key, file)
  }
  return {
    validating: bound<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding>(objects, 'ValidatingAdmissionPolicy'),
    mutating: bound<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding>(objects, 'MutatingAdmissionPolicy'),
  }
}

function bound<P extends AnyPolicy, B extends AnyBinding>(objects: readonly KubeObject[], kind: string): Bound<P, B> {
  const ofKind = <T>(wanted: string): readonly T[] => objects.filter(object => object.kind === wanted) as readonly unknown[] as readonly T[]
  const found = { policies: ofKind<P>(kind), bindings: ofKind<B>(`${kind}Binding`) }
  checkReferences(kind, found)
  return found
}

function documentsOf({ name, text }: PolicyFile): readonly unknown[] {
  try {
    return parseYamlDocuments(text)
  } catch (err) {
    if (err instanceof YamlError) throw new PolicyFileError(`"${name}" cannot be read: ${err.message}`)
    throw err
  }
}

function readObject(document: unknown, { name: file }: PolicyFile, index: number, kinds: readonly ResourceDefinition[]): KubeObject {
  const where = `"${file}", document ${index + 1}`
  if (!isRecord(document)) throw new PolicyFileError(`${where} is not an object`)
  const named = ({ group, version, kind }: ResourceDefinition): string => `${groupVersion(group, version)}, Kind=${kind}`
  const found = `${String(document['apiVersion'])}, Kind=${String(document['kind'])}`
  const definition = kinds.find(known => named(known) === found)
  if (definition === undefined) {
    const off = mutatingKinds.some(known => named(known) === found) ? '; the feature gate MutatingAdmissionPolicy is off' : ''
    throw new PolicyFileError(`${where} is of ${found}; allowed are ${kinds.map(named).join(' and ')}${off}`)
  }
  const schema = schemaFor(definition.group, definition.version, definition.kind)
  if (schema === undefined) throw new Error(`${definition.kind} has no schema`)
  const decoded = decodeValue(document, schema, 'Strict')
  if (!decoded.ok) throw new PolicyFileError(`${where}: ${decoded.message}`)
  if (decoded.strictErrors.length > 0) throw new PolicyFileError(`${where}: ${decoded.strictErrors.join(', ')}`)
  const { object } = decoded
  object.metadata ??= {}
  definition.setDefaults?.(object)
  const errors: readonly FieldError[] = [
    ...validateObjectMeta(object.metadata, { namespaced: false, nameRule: nameIsDnsSubdomain, standardFinalizers: false }),
    ...(definition.validate?.(object) ?? []),
  ]
  if (errors.length > 0) throw new PolicyFileError(`${where}: ${errors.map(formatFieldError).join('; ')}`)
  object.metadata.annotations = { ...object.metadata.annotations, [fileAnnotation]: file }
  return object
}

/** The users whom the files restrict must not control them, neither by a binding nor by parameters in the API. */
function checkReferences(kind: string, { policies, bindings }: Bound<AnyPolicy, AnyBinding>): void {
  const names = new Set(policies.map(({ metadata }) => metadata.name))
  const bindingsOf = new Set(bindings.map(({ spec }) => spec.policyName))
  const where = ({ metadata }: KubeObject) => `"${metadata.annotations?.[fileAnnotation]}"`
  for (const policy of policies) {
    const shown = `${where(policy)}: ${kind} "${policy.metadata.name}"`
    if (policy.spec.paramKind !== undefined) {
      throw new PolicyFileError(`${shown} has parameters, which their authors could change: write the values into the policy`)
    }
    if (!bindingsOf.has(policy.metadata.name)) throw new PolicyFileError(`${shown} has no binding in the files, and would have no effect`)
  }
  for (const binding of bindings) {
    if (names.has(binding.spec.policyName)) continue
    const shown = `${where(binding)}: ${kind}Binding "${binding.metadata.name}"`
    throw new PolicyFileError(`${shown} is for "${binding.spec.policyName}", which is in none of the files`)
  }
}
