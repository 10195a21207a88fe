// Why the signer did not do what a caller asked for, where its policy is not the reason.

/** `lost`: the connection broke while the request was with the signer, which may have carried it out. `busy`: too many requests wait already. */
export class SignerFailure extends Error {
  readonly why: 'lost' | 'busy'
  constructor(why: SignerFailure['why'], message: string) {
    super(message)
    this.name = 'SignerFailure'
    this.why = why
  }
}
