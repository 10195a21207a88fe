// What one binding grants to one of its subjects, and the order in which a subject's grants are tried.
import { goQuote } from '../../api/go-text/go-quote.ts'
import type { AccessBasis } from '../access.ts'
import type { RoleBinding, Subject } from './rbac-object.ts'
import type { RuleIndex } from './rule-index.ts'

const accountPrefix = 'system:serviceaccount:'

/** A role that exists or that bindings refer to. Its bindings share it, so that a change of the role is made once. */
export class BoundRole {
  readonly kind: 'Role' | 'ClusterRole'
  readonly name: string
  readonly key: string
  /** Undefined: the role does not exist and grants nothing. */
  index: RuleIndex | undefined
  bindings = 0
  /** The last decision that tried it: it is tried once per decision, however many bindings refer to it. */
  triedIn = 0
  readonly changes = new ChangeListeners()

  constructor(kind: 'Role' | 'ClusterRole', name: string, key: string) {
    this.kind = kind
    this.name = name
    this.key = key
  }
}

/** Listeners for changes of roles and bindings that affect grants. */
export class ChangeListeners {
  #listeners: Set<() => void> | undefined

  add(listener: () => void): void {
    this.#listeners ??= new Set()
    this.#listeners.add(listener)
  }

  delete(listener: () => void): void {
    this.#listeners?.delete(listener)
    if (this.#listeners?.size === 0) this.#listeners = undefined
  }

  notify(): void {
    for (const listener of [...(this.#listeners ?? [])]) listener()
  }
}

/** A stored binding; a changed one is a new object. */
export class Binding {
  readonly kind: 'RoleBinding' | 'ClusterRoleBinding'
  readonly name: string
  /** '' for the whole cluster. */
  readonly namespace: string
  readonly role: BoundRole
  readonly object: RoleBinding
  readonly grants: readonly Grant[]
  readonly changes = new ChangeListeners()
  /** The last walk over a user's bindings that visited it. */
  metIn = 0
  #text: string | undefined

  constructor(kind: Binding['kind'], object: RoleBinding, role: BoundRole) {
    this.kind = kind
    this.name = object.metadata.name ?? ''
    this.namespace = kind === 'ClusterRoleBinding' ? '' : (object.metadata.namespace ?? '')
    this.role = role
    this.object = object
    this.grants = this.#grantsOf(object.subjects ?? [])
  }

  /** Without its subject. Computed once: a binding can have thousands of subjects, and its role a name of a megabyte. */
  get text(): string {
    this.#text ??= this.#write()
    return this.#text
  }

  #write(): string {
    const name = this.kind === 'ClusterRoleBinding' ? this.name : `${this.name}/${this.namespace}`
    return `${this.kind} ${goQuote(name)} of ${this.role.kind} ${goQuote(this.role.name)}`
  }

  /** One grant for each user or group: of the first subject that names it. */
  #grantsOf(subjects: readonly Subject[]): Grant[] {
    const users = new Set<string>()
    const groups = new Set<string>()
    const grants: Grant[] = []
    for (const [place, subject] of subjects.entries()) {
      const holders = subject.kind === 'Group' ? groups : users
      const holder = holderOf(subject, this.namespace)
      if (holders.has(holder)) continue
      holders.add(holder)
      grants.push(new Grant(this, subject, place))
    }
    return grants
  }
}

export class Grant implements AccessBasis {
  readonly binding: Binding
  readonly subject: Subject
  /** Its index among the subjects of its binding. */
  readonly place: number
  #reason: string | undefined

  constructor(binding: Binding, subject: Subject, place: number) {
    this.binding = binding
    this.subject = subject
    this.place = place
  }

  /** The name of the user or group that holds it. */
  get holder(): string {
    return holderOf(this.subject, this.binding.namespace)
  }

  /** `RoleBinding "b/ns" of ClusterRole "view" to Group "dev"`. */
  get text(): string {
    return `${this.binding.text} to ${subjectText(this.subject, this.binding.namespace)}`
  }

  /** The reason of an allowing decision, computed once. */
  get reason(): string {
    this.#reason ??= `RBAC: allowed by ${this.text}`
    return this.#reason
  }

  onChange(listener: () => void): () => void {
    const { changes, role } = this.binding
    changes.add(listener)
    role.changes.add(listener)
    return () => {
      changes.delete(listener)
      role.changes.delete(listener)
    }
  }
}

/** A ServiceAccount subject of a RoleBinding without a namespace means that of the binding. */
export function holderOf(subject: Subject, namespace: string): string {
  return subject.kind === 'ServiceAccount' ? `${accountPrefix}${subject.namespace || namespace}:${subject.name}` : subject.name
}

function subjectText(subject: Subject, namespace: string): string {
  if (subject.kind !== 'ServiceAccount') return `${subject.kind} ${goQuote(subject.name)}`
  return `ServiceAccount ${goQuote(`${subject.name}/${subject.namespace || namespace}`)}`
}
