// How a witness can differ from the log.

/** The witness knows of a log that this one does not continue. Of a node, only if it has shown a checkpoint that this log's key signed. */
export class Contradiction extends Error {}

/** A node refuses, without evidence against the log. */
export class NodeRefusal extends Error {}
