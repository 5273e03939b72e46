// What clients and members say to each other, as immutable values: the envelope that both rooms know. The body is the
// protocol's own (for etcd: the requests and responses of `etcd/api.ts`; for protocols without revisions the plain operations
// below); who asked, and which attempt of which operation this is, stands around it.

/** A request on its way to a member. */
export class ClientRequest {
  /** Number of the client: 1 for `c1`; 0 for the operator's own requests. */
  readonly client: number;
  /** Number of the operation within its client, from 1. */
  readonly operation: number;
  /** Which try of the operation this is, from 1. */
  readonly attempt: number;
  readonly body: unknown;
  /** What tells who asks, where the protocol has such; null for nobody. */
  readonly token: string | null;

  constructor(client: number, operation: number, attempt: number, body: unknown, token: string | null = null) {
    this.client = client;
    this.operation = operation;
    this.attempt = attempt;
    this.body = body;
    this.token = token;
  }
}

/** Why a request failed. `definite`: it had no effect and never will. */
export class RequestError {
  /** gRPC status code. */
  readonly code: number;
  readonly message: string;
  readonly definite: boolean;

  constructor(code: number, message: string, definite: boolean) {
    this.code = code;
    this.message = message;
    this.definite = definite;
  }
}

/** An answer on its way to a client: either a body or an error. */
export class ClientResponse {
  readonly client: number;
  readonly operation: number;
  readonly attempt: number;
  readonly body: unknown;
  readonly error: RequestError | null;
  /** Revision in the answer's header, where the protocol has one; else 0. */
  readonly revision: number;
  /** The member that answers and its term, as in the header; 0: no member, such as a refused connection. */
  readonly member: number;
  readonly term: number;

  constructor(
    request: ClientRequest,
    body: unknown,
    error: RequestError | null,
    revision: number,
    member: number = 0,
    term: number = 0,
  ) {
    this.client = request.client;
    this.operation = request.operation;
    this.attempt = request.attempt;
    this.body = body;
    this.error = error;
    this.revision = revision;
    this.member = member;
    this.term = term;
  }
}

/** An operation on a register or a key-value map without revisions; a `value` of null is absence. */
export class PlainOperation {
  readonly f: "get" | "put" | "delete" | "cas";
  readonly key: string;
  readonly value: string | null;
  readonly expected: string | null;

  constructor(f: "get" | "put" | "delete" | "cas", key: string, value: string | null, expected: string | null) {
    this.f = f;
    this.key = key;
    this.value = value;
    this.expected = expected;
  }
}

/** The answer to a `PlainOperation`: whether a cas took effect, and the value read. */
export class PlainAnswer {
  readonly done: boolean;
  readonly value: string | null;

  constructor(done: boolean, value: string | null) {
    this.done = done;
    this.value = value;
  }
}
