// Images that run and have to be evaluated again, each at most once: first all that need no registry, so that a revoked signer is refused everywhere at
// once; those that need one are read apart, and none waits for another's registry.
import { isAwaitable, turn } from '../base/async/turns.ts'
