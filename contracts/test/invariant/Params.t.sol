// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ParamGovernor} from "../../src/governance/ParamGovernor.sol";
import {IParamGovernor} from "../../src/interfaces/IParamGovernor.sol";
import {Params} from "../../src/libraries/Params.sol";
import {StakesWorld} from "../support/StakesWorld.sol";
import {Test} from "../support/Test.sol";

/// @notice Random proposals, within bounds and not, taken back, replaced and enacted at random times. It remembers when each value was proposed.
contract ParamsHandler is Test {
    error ChangedWithoutItsTimelock(bytes32 key);

    ParamGovernor private immutable _governor;
    address private immutable _governing;
    address private immutable _guardian;
    mapping(bytes32 key => uint64) private _proposedAt;
    mapping(bytes32 key => uint256) private _proposed;
    mapping(bytes32 key => uint256) public valueOf;
    /// When the dispute window was at its longest: batches of then are open until that much later.
    uint64[] public windowsUntil;
    uint256[] public windows;

    constructor(ParamGovernor governor, address governing, address guardian) {
        (_governor, _governing, _guardian) = (governor, governing, guardian);
        bytes32[] memory keys = governor.keys();
        for (uint256 i; i < keys.length; ++i) {
            valueOf[keys[i]] = governor.get(keys[i]);
        }
    }

    /// @dev Half of the proposals are of the two that must not contradict each other.
    function propose(uint256 which, uint256 value, bool lawful) external {
        bytes32 key = _key(which);
        (uint256 min, uint256 max) = _governor.bounds(key);
        if (lawful) value = bound(value, min, max);
        bool refused = value < min || value > max;
        vm.prank(_governing);
        (bool ok,) = address(_governor).call(abi.encodeCall(IParamGovernor.propose, (key, value)));
        assertTrue(ok != refused, "only within the bounds");
        if (ok) (_proposedAt[key], _proposed[key]) = (_now(), value);
    }

    function withdraw(uint256 which, bool byGuardian) external {
        bytes32 key = _key(which);
        if (_proposedAt[key] == 0) return;
        vm.prank(byGuardian ? _guardian : _governing);
        _governor.withdraw(key);
        _proposedAt[key] = 0;
    }

    function enact(uint256 which) external {
        bytes32 key = _key(which);
        (bool ok,) = address(_governor).call(abi.encodeCall(IParamGovernor.enact, (key)));
        if (!ok) return;
        if (_proposedAt[key] == 0 || _now() < _proposedAt[key] + 2 days) revert ChangedWithoutItsTimelock(key);
        if (key == Params.DISPUTE_WINDOW) {
            windows.push(valueOf[key]);
            windowsUntil.push(_now() + uint64(valueOf[key]));
        }
        valueOf[key] = _proposed[key];
        _proposedAt[key] = 0;
    }

    function pass(uint64 time) external {
        vm.warp(_now() + bound(time, 1, 3 days));
    }

    /// @return longest window of a batch that may not be final yet, seconds.
    function longestWindow() external view returns (uint256 longest) {
        longest = valueOf[Params.DISPUTE_WINDOW];
        for (uint256 i; i < windows.length; ++i) {
            if (_now() < windowsUntil[i] && windows[i] > longest) longest = windows[i];
        }
    }

    function _key(uint256 which) private view returns (bytes32) {
        if (which % 4 == 0) return Params.DISPUTE_WINDOW;
        if (which % 4 == 1) return Params.THAW_PERIOD;
        bytes32[] memory keys = _governor.keys();
        return keys[(which / 4) % keys.length];
    }

    function _now() private view returns (uint64) {
        return uint64(vm.getBlockTimestamp());
    }
}

contract ParamsInvariants is StakesWorld {
    ParamsHandler private _handler;
    uint64 private _ends;

    function setUp() public override {
        super.setUp();
        _handler = new ParamsHandler(governor, governing, guardian);
        _ends = governor.lockoutEndsAt();
        _targetContract(address(_handler));
    }

    function invariant_valuesAreWithinTheirBounds() public view {
        bytes32[] memory keys = governor.keys();
        for (uint256 i; i < keys.length; ++i) {
            (uint256 min, uint256 max) = governor.bounds(keys[i]);
            assertGe(governor.get(keys[i]), min, "min");
            assertLe(governor.get(keys[i]), max, "max");
        }
    }

    function invariant_valuesChangeByEnactedProposalsOnly() public view {
        bytes32[] memory keys = governor.keys();
        for (uint256 i; i < keys.length; ++i) {
            assertEq(governor.get(keys[i]), _handler.valueOf(keys[i]), "value");
        }
    }

    /// @dev The stake behind a batch is there for as long as the batch can be disputed.
    function invariant_theThawOutlastsEveryOpenWindow() public view {
        assertTrue(governor.get(Params.THAW_PERIOD) > _handler.longestWindow(), "thaw");
    }

    function invariant_theLockoutIsFixed() public view {
        assertEq(governor.lockoutEndsAt(), _ends, "lockout");
    }
}
