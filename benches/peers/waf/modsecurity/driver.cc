// Runs requests through libmodsecurity, as one of the engines of the comparison.
//
//   driver LIBRARY RULES CORPUS
//
// The library is opened at run time, so that one program serves every build of it. The protocol is
// in ../compare.py. What is measured is what a server's connector calls for each request; reading
// the corpus comes before.

// Before the library's headers, which rely on it.
#include <cstdlib>

#include <dlfcn.h>
#include <modsecurity/intervention.h>
#include <modsecurity/modsecurity.h>
#include <modsecurity/rules_set.h>
#include <modsecurity/transaction.h>

#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace {

[[noreturn]] void fail(const std::string &reason) {
  std::cerr << "driver: " << reason << '\n';
  std::exit(1);
}

struct Request {
  std::string method, target, version, body;
  std::vector<std::pair<std::string, std::string>> headers;
};

// A call of libmodsecurity's C interface, found by name in the library that is open.
template <typename Call>
Call call(void *library, const char *name) {
  void *found = dlsym(library, name);
  if (found == nullptr) fail(dlerror());
  return reinterpret_cast<Call>(found);
}
#define CALL(name) decltype(&modsecurity::name) name = call<decltype(name)>(library, #name)

size_t logged = 0;

// What a server does with the text of a match is not the engine's cost; making it is.
void count_log(void *, const void *) { ++logged; }

class Engine {
 public:
  Engine(const char *path, const char *file) : library(open(path)) {
    engine = msc_init();
    msc_set_log_cb(engine, count_log);
    rules = msc_create_rules_set();
    const char *error = nullptr;
    if (msc_rules_add_file(rules, file, &error) < 0) fail(error == nullptr ? file : error);
  }

  std::string name() { return msc_who_am_i(engine); }

  // Takes one exchange through all phases, and says whether a rule stopped it.
  bool inspect(const Request &request) {
    modsecurity::Transaction *transaction = msc_new_transaction(engine, rules, nullptr);
    msc_process_connection(transaction, "203.0.113.7", 40000, "192.0.2.1", 443);
    msc_process_uri(transaction, request.target.c_str(), request.method.c_str(), request.version.c_str());
    for (const auto &[name, value] : request.headers)
      msc_add_n_request_header(transaction, bytes(name), name.size(), bytes(value), value.size());
    msc_process_request_headers(transaction);
    if (!request.body.empty())
      msc_append_request_body(transaction, bytes(request.body), request.body.size());
    msc_process_request_body(transaction);
    modsecurity::ModSecurityIntervention wanted{200, 0, nullptr, nullptr, 0};
    msc_intervention(transaction, &wanted);
    for (const auto &[name, value] : reply)
      msc_add_n_response_header(transaction, bytes(name), name.size(), bytes(value), value.size());
    msc_process_response_headers(transaction, 200, "HTTP/1.1");
    msc_process_response_body(transaction);
    msc_process_logging(transaction);
    msc_transaction_cleanup(transaction);
    std::free(wanted.url);
    std::free(wanted.log);
    return wanted.disruptive != 0;
  }

 private:
  static void *open(const char *path) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) fail(dlerror());
    return library;
  }

  static const unsigned char *bytes(const std::string &text) {
    return reinterpret_cast<const unsigned char *>(text.data());
  }

  void *library;
  CALL(msc_init);
  CALL(msc_who_am_i);
  CALL(msc_set_log_cb);
  CALL(msc_create_rules_set);
  CALL(msc_rules_add_file);
  CALL(msc_new_transaction);
  CALL(msc_process_connection);
  CALL(msc_process_uri);
  CALL(msc_add_n_request_header);
  CALL(msc_process_request_headers);
  CALL(msc_append_request_body);
  CALL(msc_process_request_body);
  CALL(msc_intervention);
  CALL(msc_add_n_response_header);
  CALL(msc_process_response_headers);
  CALL(msc_process_response_body);
  CALL(msc_process_logging);
  CALL(msc_transaction_cleanup);
  modsecurity::ModSecurity *engine;
  modsecurity::RulesSet *rules;
  std::vector<std::pair<std::string, std::string>> reply{
      {"Content-Type", "text/html; charset=utf-8"}, {"Content-Length", "5120"}, {"Cache-Control", "no-cache"}};
};

Request parse(const std::string &raw) {
  Request request;
  const size_t head = raw.find("\r\n\r\n");
  if (head == std::string::npos) fail("request without an end of its head");
  request.body = raw.substr(head + 4);
  std::istringstream lines(raw.substr(0, head));
  std::string line;
  std::getline(lines, line);
  std::istringstream(line) >> request.method >> request.target >> request.version;
  request.version = request.version.substr(request.version.find('/') + 1);
  while (std::getline(lines, line)) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    const size_t colon = line.find(": ");
    request.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  return request;
}

std::vector<Request> read_corpus(const std::string &path) {
  std::ifstream input(path, std::ios::binary);
  if (!input) fail(path);
  std::vector<Request> requests;
  for (size_t length; input >> length;) {
    input.get();
    std::string raw(length, '\0');
    input.read(raw.data(), static_cast<std::streamsize>(length));
    requests.push_back(parse(raw));
  }
  return requests;
}

}  // namespace

int main(int count, char **arguments) {
  if (count != 4) fail("takes LIBRARY RULES CORPUS");
  Engine engine(arguments[1], arguments[2]);
  std::map<std::string, std::pair<std::vector<Request>, size_t>> kinds;
  for (const char *kind : {"min", "get", "form", "json"})
    kinds[kind] = {read_corpus(std::string(arguments[3]) + "/" + kind + ".requests"), 0};
  std::cout << engine.name() << std::endl;
  std::string kind;
  for (size_t wanted; std::cin >> kind >> wanted;) {
    auto &[requests, next] = kinds.at(kind);
    size_t stopped = 0;
    logged = 0;
    for (; wanted > 0; --wanted) {
      stopped += engine.inspect(requests[next]);
      next = (next + 1) % requests.size();
    }
    std::cout << logged << ' ' << stopped << std::endl;
  }
}
