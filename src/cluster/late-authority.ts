// The part `artifacts` in the server's own process: it needs the server, and the server asks it, so questions wait until it runs.

import type { PackageAnswer, PackageSearch } from '../api/package-search.ts'
import { untilAborted } from '../base/async/abort.ts'
import type { ImageAnswer, ImageAuthority, ImageQuestion } from '../supply-chain/policy/image-question.ts'

export class LateAuthority implements ImageAuthority, PackageSearch {
  readonly #ready = Promise.withResolvers<ImageAuthority & PackageSearch>()

  set(authority: ImageAuthority & PackageSearch): void {
    this.#ready.resolve(authority)
  }

  async evaluate(question: ImageQuestion, signal: AbortSignal): Promise<readonly ImageAnswer[]> {
    const authority = await untilAborted(this.#ready.promise, signal)
    return authority.evaluate(question, signal)
  }

  async where(text: string, signal: AbortSignal): Promise<PackageAnswer> {
    return (await untilAborted(this.#ready.promise, signal)).where(text, signal)
  }
}
