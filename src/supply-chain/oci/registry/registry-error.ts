// Why a registry's answer is not used.
import { UserError } from '../../../base/user-error.ts'

/** The registry does not answer, or says that it cannot now. What was read of it before may still be right. */
export class RegistryUnavailable extends UserError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RegistryUnavailable'
  }
}

/** The registry does not allow this client to read the repository. */
export class RegistryDenied extends UserError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RegistryDenied'
  }
}

/** The registry answers other than the specification allows: other content than the digest names, an address that is not allowed, no end. */
export class RegistryUntrustworthy extends UserError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RegistryUntrustworthy'
  }
}

/** Nobody whom this client trusts has signed the registry's certificate, or it is for another name. */
export class RegistryUntrusted extends RegistryUntrustworthy {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RegistryUntrusted'
  }
}
