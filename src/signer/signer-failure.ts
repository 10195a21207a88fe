// Why the signer did not serve a request, other than its policy.

/** `lost`: the connection broke while the signer had the request, so it may have been processed. `busy`: too many requests already wait. */
export class SignerFailure extends Error {
  readonly why: 'lost' | 'busy'
  constructor(why: SignerFailure['why'], message: string) {
    super(message)
    this.name = 'SignerFailure'
    this.why = why
  }
}
