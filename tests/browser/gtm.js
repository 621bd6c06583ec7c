// Tag Manager's test functions as far as the template's scenarios need them: mock, runCode, assertApi, assertThat.
(code, scenario) => {
  const mocks = {}; // by name: a function, or the value to return
  const calls = []; // [name, arguments]
  const same = (one, other) => JSON.stringify(one) == JSON.stringify(other);
  const check = (holds, what) => {
    if (!holds) throw Error(what + "; calls: " + JSON.stringify(calls));
  };
  const REAL = {
    makeTableMap: (rows, key, value) =>
      rows.length ? Object.fromEntries(rows.map((row) => [row[key], row[value]])) : null,
  };
  const api = (name) => (...given) => {
    calls.push([name, given]);
    const mocked = name in mocks ? mocks[name] : REAL[name];
    return typeof mocked == "function" ? mocked(...given) : mocked;
  };
  const runCode = (data) =>
    new Function("require", "data", "window", "document", code)(
      api,
      { ...data, gtmOnSuccess: api("gtmOnSuccess"), gtmOnFailure: api("gtmOnFailure") },
      undefined,
      undefined,
    );
  const assertApi = (name) => {
    const made = calls.filter((call) => call[0] == name).map((call) => call[1]);
    return {
      wasCalled: () => check(made.length, name + " was not called"),
      wasNotCalled: () => check(!made.length, name + " was called"),
      wasCalledWith: (...given) => check(made.some((one) => same(one, given)), name + " was not called with " + JSON.stringify(given)),
    };
  };
  const assertThat = (value) => ({
    isEqualTo: (other) => check(same(value, other), JSON.stringify(value) + " is not " + JSON.stringify(other)),
  });
  const mock = (name, how) => (mocks[name] = how);
  const assertions = { mock, runCode, assertApi, assertThat };
  new Function(...Object.keys(assertions), scenario)(...Object.values(assertions));
  return calls.length;
};
