// A namespace for one proof, with accounts and tokens. It is deleted with its content when the proof ends.
import { randomBytes } from 'node:crypto'
import { defaultsAnnotation } from '../api/resources/bulkhead/cluster-defaults.ts'
import { isReason } from '../api/status.ts'
import type { Client } from '../client/client.ts'
import { resourceRef } from '../client/resource-ref.ts'
import { namespaces, serviceAccounts } from '../client/resources.ts'
import type { ProofContext } from './proof.ts'
import { until } from './until.ts'

export const proofNamespacePrefix = 'bulkhead-prove-'

/** Pods with this scheduler stay pending forever: for proofs that need a pod object but no container. */
export const noScheduler = 'bulkhead-prove-none'

const enforceLabel = 'pod-security.kubernetes.io/enforce'
const cleanUpMs = 30_000

interface TokenRequest {
  readonly status: { readonly token: string }
}

export interface TokenOptions {
  readonly audiences?: readonly string[]
  /** A pod of this namespace whose deletion revokes the token. */
  readonly pod?: { readonly name: string; readonly uid: string }
  /** The same for a Secret. */
  readonly secret?: { readonly name: string; readonly uid: string }
}

export class ProofNamespace implements AsyncDisposable {
  readonly name: string
  readonly #client: Client
  readonly #uid: string
  /** Whether a token of an account was issued; each is usable until the namespace is deleted. */
  #hasToken = false

  private constructor(client: Client, name: string, uid: string) {
    this.#client = client
    this.name = name
    this.#uid = uid
  }

  static async create(
    { client, clock, run }: ProofContext,
    id: string,
    signal: AbortSignal,
    labels: Readonly<Record<string, string>> = {},
  ): Promise<ProofNamespace> {
    const name = `${proofNamespacePrefix}${id.toLowerCase()}-${randomBytes(4).toString('hex')}`
    const made = await client.create(namespaces, '', { metadata: { name, labels: { ...labels, ...run.labels } }, spec: {} }, signal)
    await using stack = new AsyncDisposableStack()
    const namespace = stack.use(new ProofNamespace(client, name, made.metadata.uid ?? ''))
    // No pod is admitted before a controller has created the quota and limits of the namespace.
    let { metadata } = made
    const hasDefaults = async () => {
      if (metadata.annotations?.[defaultsAnnotation] !== 'pending') return true
      metadata = (await client.get(namespaces, '', name, signal)).metadata
      return undefined
    }
    await until(clock, hasDefaults, signal)
    // From here on the proof must delete it.
    stack.move()
    return namespace
  }

  /** The path of a core resource in this namespace; `rest` begins with the plural. */
  core(rest: string): string {
    return `/api/v1/namespaces/${this.name}/${rest}`
  }

  /** The same for another group, such as `apps/v1`. */
  group(groupVersion: string, rest: string): string {
    return `/apis/${groupVersion}/namespaces/${this.name}/${rest}`
  }

  /** For objects outside of namespaces: the garbage collector deletes them after this namespace, also if the run is killed. */
  get owner(): { readonly apiVersion: string; readonly kind: string; readonly name: string; readonly uid: string } {
    return { apiVersion: 'v1', kind: 'Namespace', name: this.name, uid: this.#uid }
  }

  async account(name: string, signal: AbortSignal): Promise<void> {
    await this.#client.create(serviceAccounts, this.name, { metadata: { name } }, signal)
  }

  async token(account: string, options: TokenOptions, signal: AbortSignal): Promise<string> {
    // Whoever got the token of a run that was killed could start privileged pods.
    if (await this.#admitsPrivileged(signal))
      throw new Error(`Cannot issue a token in "${this.name}": the namespace admits privileged pods`)
    this.#hasToken = true
    const { audiences = [], pod, secret } = options
    const [kind, bound] = pod === undefined ? ['Secret', secret] : ['Pod', pod]
    const answer = await this.#client.subresource<TokenRequest>(
      'POST',
      serviceAccounts,
      this.name,
      account,
      'token',
      {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: {
          audiences,
          expirationSeconds: 600,
          ...(bound === undefined ? {} : { boundObjectRef: { apiVersion: 'v1', kind, ...bound } }),
        },
      },
      signal,
    )
    return answer.status.token
  }

  /** Creates a Role with these rules and binds it to an account of this namespace; both have the name of the account. */
  async grant(account: string, rules: readonly object[], signal: AbortSignal): Promise<void> {
    await this.#bind(account, rules, { kind: 'ServiceAccount', name: account, namespace: this.name }, signal)
  }

  /** The same for a user, which needs no credential: an administrator impersonates it. */
  async grantUser(user: string, rules: readonly object[], signal: AbortSignal): Promise<void> {
    await this.#bind(user, rules, { kind: 'User', name: user, apiGroup: group }, signal)
  }

  async #bind(name: string, rules: readonly object[], subject: object, signal: AbortSignal): Promise<void> {
    const metadata = { name }
    await this.#client.create(roles, this.name, Object.assign({ metadata }, { rules }), signal)
    const binding = { metadata, roleRef: { apiGroup: group, kind: 'Role', name }, subjects: [subject] }
    await this.#client.create(roleBindings, this.name, binding, signal)
  }

  /** By its label now, which others may have changed. */
  async #admitsPrivileged(signal: AbortSignal): Promise<boolean> {
    const { metadata } = await this.#client.get(namespaces, '', this.name, signal)
    return metadata.labels?.[enforceLabel] === 'privileged'
  }

  async withdraw(account: string, signal: AbortSignal): Promise<void> {
    await this.#client.delete(roleBindings, this.name, account, {}, signal)
  }

  /**
   * Starts the deletion of the namespace and its content. It has its own time limit, because it must also run after the proof's. Throws if the namespace
   * was relabelled, so that holders of its tokens could have started privileged pods.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const signal = AbortSignal.timeout(cleanUpMs)
    try {
      if (this.#hasToken && (await this.#admitsPrivileged(signal)))
        throw new Error(`Namespace "${this.name}" admitted privileged pods while a token of it was usable`)
    } catch (err) {
      if (!isReason(err, 'NotFound')) throw err
    } finally {
      await this.#delete(signal)
    }
  }

  async #delete(signal: AbortSignal): Promise<void> {
    try {
      await this.#client.delete(namespaces, '', this.name, {}, signal)
    } catch (err) {
      if (!isReason(err, 'NotFound')) throw err
    }
  }
}

const group = 'rbac.authorization.k8s.io'
const roles = resourceRef(group, 'v1', 'roles', 'Role')
const roleBindings = resourceRef(group, 'v1', 'rolebindings', 'RoleBinding')
