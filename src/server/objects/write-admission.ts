// The admission requests of writes.
import type { AdmissionRequest, Operation } from '../../admission/admission.ts'
import type { KubeObject } from '../../api/object.ts'
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import type { UserInfo } from '../../api/user.ts'
import type { ExternalWait } from '../../base/async/external-wait.ts'
import type { ResourceContext } from '../request/request-context.ts'

type Options = Readonly<Record<string, unknown>>

export type WriteToAdmit = Pick<
  AdmissionRequest,
  'operation' | 'subresource' | 'namespace' | 'name' | 'ofCollection' | 'object' | 'oldObject' | 'dryRun'
>

/** A class, since its getter is on the prototype: an object literal with a getter costs V8 twenty times as much. */
export class WriteAdmission implements AdmissionRequest {
  readonly operation: Operation
  readonly resource: ResourceDefinition
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  readonly ofCollection: boolean
  readonly object: KubeObject | undefined
  readonly oldObject: KubeObject | undefined
  readonly user: UserInfo
  readonly dryRun: boolean
  readonly externalWait: ExternalWait
  readonly warn: (message: string) => void
  readonly annotate: (key: string, value: string) => void
  readonly #options: () => Options

  /** `options` is called by the few who ask for them. */
  constructor({ served, user, externalWait, warn, annotate }: ResourceContext, asked: WriteToAdmit, options: () => Options) {
    this.operation = asked.operation
    this.resource = served.definition
    this.subresource = asked.subresource
    this.namespace = asked.namespace
    this.name = asked.name
    this.ofCollection = asked.ofCollection === true
    this.object = asked.object
    this.oldObject = asked.oldObject
    this.user = user
    this.dryRun = asked.dryRun
    this.externalWait = externalWait
    this.warn = warn
    this.annotate = annotate
    this.#options = options
  }

  get options(): Options {
    return this.#options()
  }
}
