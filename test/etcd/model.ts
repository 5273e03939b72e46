// A naive model of the key-value store: every version ever written in one array, searched from front to back.

/** One version; `version` 0 marks a deletion. */
export interface ModelVersion {
  readonly key: string;
  readonly value: string;
  readonly lease: string;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  readonly sub: number;
}

export class NaiveStore {
  readonly versions: ModelVersion[] = [];
  revision = 1;
  compactRevision = -1;
  #pending = 0;

  at(key: string, revision: number): ModelVersion | undefined {
    const found = this.versions.filter((v) => v.key === key && v.modRevision <= revision).at(-1);
    return found === undefined || found.version === 0 ? undefined : found;
  }

  range(key: string, end: string, revision: number): ModelVersion[] {
    const keys = [...new Set(this.versions.map((v) => v.key))].sort((a, b) => (a < b ? -1 : 1));
    const inside = keys.filter((k) => (end === "" ? k === key : k >= key && (end === "\0" || k < end)));
    return inside.map((k) => this.at(k, revision)).filter((v) => v !== undefined);
  }

  put(key: string, value: string): void {
    const revision = this.revision + 1;
    const before = this.at(key, revision);
    this.versions.push({
      key,
      value,
      lease: "0",
      createRevision: before?.createRevision ?? revision,
      modRevision: revision,
      version: (before?.version ?? 0) + 1,
      sub: this.#pending++,
    });
  }

  delete(key: string, end: string): number {
    const revision = this.revision + 1;
    const doomed = this.range(key, end, revision);
    for (const { key: name } of doomed) {
      const sub = this.#pending++;
      this.versions.push({
        key: name,
        value: "",
        lease: "0",
        createRevision: 0,
        modRevision: revision,
        version: 0,
        sub,
      });
    }
    return doomed.length;
  }

  end(): void {
    if (this.#pending > 0) this.revision++;
    this.#pending = 0;
  }
}
