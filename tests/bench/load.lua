-- What wrk asks for:
--   floor | get COOKIE CSRF IDS | paths COOKIE CSRF PATHS | each SESSIONS PATHS | create COOKIE CSRF BODIES
--   few COOKIE CSRF BODIES | patch COOKIE CSRF IDS | ask COOKIE CSRF BODIES | mixed COOKIE CSRF IDS PATHS BODIES   (files with one of each a line;
--   a session is a cookie, a tab and its token)
local person = "/api/v1/contacts.person"
local headers, at = {}, 0

local function lines_of(file)
  local out = {}
  for line in io.lines(file) do out[#out + 1] = line end
  return out
end

local function any(list) return list[math.random(#list)] end

local function get(ids) return wrk.format("GET", person .. "/" .. any(ids), headers) end

local function list(paths) return wrk.format("GET", any(paths), headers) end

-- Another person each time.
local function list_each(sessions, paths) return wrk.format("GET", any(paths), any(sessions)) end

local function post(path, bodies)
  at = at % #bodies + 1
  return wrk.format("POST", path, headers, bodies[at])
end

local function create(bodies) return post(person, bodies) end

local function few(bodies) return post("/api/v1/bench.client", bodies) end

-- Every one differs from what stands there, so that each is a write.
local function patch(ids)
  at = at + 1
  local body = string.format('{"position":"прораб %d","note":"Перезвонить, договор № %d"}', at, at)
  return wrk.format("PATCH", person .. "/" .. any(ids), headers, body)
end

-- What is asked by POST of the records.
local function ask(bodies) return wrk.format("POST", person .. "/aggregate", headers, any(bodies)) end

-- 70 % one record, 20 % a list, 10 % a new record.
local function mixed(ids, paths, bodies)
  local dice = math.random(100)
  if dice <= 70 then return get(ids) end
  return dice <= 90 and list(paths) or create(bodies)
end

local requests = { get = get, paths = list, create = create, few = few, patch = patch, mixed = mixed, ask = ask, each = list_each }
local make, one, two, three = nil, nil, nil, nil

local function headers_of(cookie, csrf)
  return { ["Cookie"] = cookie, ["X-CSRF-Token"] = csrf, ["Content-Type"] = "application/json" }
end

local function sessions_of(file)
  local out = {}
  for _, line in ipairs(lines_of(file)) do out[#out + 1] = headers_of(line:match("^(.-)\t(.*)$")) end
  return out
end

function init(args)
  make = requests[args[1]]
  if not make then return end
  math.randomseed(os.time())
  if args[1] == "each" then
    one, two = sessions_of(args[2]), lines_of(args[3])
    return
  end
  headers = headers_of(args[2], args[3])
  one, two, three = lines_of(args[4]), args[5] and lines_of(args[5]), args[6] and lines_of(args[6])
end

function request()
  if not make then return wrk.format("GET", "/") end
  return make(one, two, three)
end
