// What signers said of single images (VEX): which vulnerabilities do not concern them. In memory; the part asks for it again after a restart.
import { UserError } from '../../base/user-error.ts'
import { readVex } from '../../supply-chain/advisories/vex/index.ts'
import type { VexStatement } from '../../supply-chain/advisories/vex/vex-statement.ts'
import type { Digest } from '../../supply-chain/oci/digest.ts'

/** Images with statements; those whose statements came first go first. */
export const maxExplainedImages = 2000
/** Of all images together. */
export const maxAllStatements = 100_000
/** Of one image. With more of them none counts: what is left out could take back what counts. */
export const maxImageStatements = 2000

interface Explained {
  readonly byVulnerability: ReadonlyMap<string, readonly VexStatement[]>
  readonly statements: number
}

export class AttestedStatements {
  readonly #images = new Map<Digest, Explained>()
  #statements = 0

  /** A document that cannot be read explains nothing: whoever signed it cannot hide a finding by it. */
  set(image: Digest, documents: readonly string[]): void {
    this.#drop(image)
    const statements = documents.flatMap(readable)
    if (statements.length === 0 || statements.length > maxImageStatements) return
    const known = new Map<string, VexStatement[]>()
    for (const statement of statements)
      for (const vulnerability of new Set(statement.vulnerabilities)) {
        const list = known.get(vulnerability) ?? []
        list.push(statement)
        known.set(vulnerability, list)
      }
    this.#images.set(image, { byVulnerability: known, statements: statements.length })
    this.#statements += statements.length
    for (const oldest of this.#images.keys()) {
      if (this.#images.size <= maxExplainedImages && this.#statements <= maxAllStatements) break
      this.#drop(oldest)
    }
  }

  #drop(image: Digest): void {
    this.#statements -= this.#images.get(image)?.statements ?? 0
    this.#images.delete(image)
  }

  has(image: Digest): boolean {
    return this.#images.has(image)
  }

  of(image: Digest, vulnerability: string): readonly VexStatement[] {
    return this.#images.get(image)?.byVulnerability.get(vulnerability) ?? []
  }
}

function readable(document: string): readonly VexStatement[] {
  try {
    return readVex(Buffer.from(document), 'an attestation')
  } catch (err) {
    if (err instanceof UserError) return []
    throw err
  }
}
