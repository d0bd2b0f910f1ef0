// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ChainRegistry} from "../../src/governance/ChainRegistry.sol";
import {IChainRegistry} from "../../src/interfaces/IChainRegistry.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {StakesWorld} from "../support/StakesWorld.sol";

/// @notice What each act costs, execution only: `setUp` is a transaction of its own, so each call finds its contracts and slots cold.
contract StakesGasTest is StakesWorld {
    bytes32 private _proposed;
    bytes32 private _appealed;
    bytes32 private _stakeId;
    bytes32 private _oracleId;
    ChainRegistry private _places;

    function setUp() public override {
        super.setUp();
        _proposed = _propose(1 ether, REASON);
        _appealed = _propose(1 ether, "appealed");
        _appeal(_appealed);
        vm.prank(buyer);
        _stakeId = escrow.stake{value: 0.1 ether}(LISTING, 0.5 ether);
        _oracleId = manager.oracleStakeId(oracle);
        vm.startPrank(oracle);
        manager.stakeOracle{value: 3 ether}();
        manager.requestWithdraw(_oracleId, 1 ether);
        vm.stopPrank();
        _places = new ChainRegistry(address(authority));
        _allow(address(_places), IChainRegistry.deploy.selector, Roles.GOVERNOR);
    }

    function test_gas_stakes_stakeProvider_again() public {
        vm.prank(stranger);
        manager.stakeProvider{value: 1 ether}(PROVIDER);
        vm.snapshotGasLastCall("Stakes: add to a provider's stake");
    }

    function test_gas_stakes_stakeOracle_first() public {
        vm.prank(stranger);
        manager.stakeOracle{value: 1 ether}();
        vm.snapshotGasLastCall("Stakes: first stake of an oracle");
    }

    function test_gas_stakes_requestWithdraw() public {
        vm.prank(operator);
        manager.requestWithdraw(PROVIDER, 1 ether);
        vm.snapshotGasLastCall("Stakes: request a withdrawal");
    }

    function test_gas_stakes_withdraw() public {
        vm.warp(START + THAW);
        vm.prank(oracle);
        manager.withdraw(_oracleId, oracle);
        vm.snapshotGasLastCall("Stakes: withdraw");
    }

    function test_gas_stakes_providerStaked() public {
        manager.providerStaked(PROVIDER);
        vm.snapshotGasLastCall("Stakes: is a provider staked");
    }

    function test_gas_stakes_proposeSlash() public {
        _propose(1 ether, "another");
        vm.snapshotGasLastCall("Stakes: propose a slash");
    }

    function test_gas_stakes_proposeProven() public {
        _prove("fault");
        vm.snapshotGasLastCall("Stakes: propose a proven slash");
    }

    function test_gas_stakes_appeal() public {
        _appeal(_proposed);
        vm.snapshotGasLastCall("Stakes: appeal");
    }

    function test_gas_stakes_decide() public {
        vm.prank(arbiter);
        manager.decide(_appealed, true);
        vm.snapshotGasLastCall("Stakes: decide, upheld");
    }

    function test_gas_stakes_execute() public {
        vm.warp(START + APPEAL);
        manager.execute(_proposed);
        vm.snapshotGasLastCall("Stakes: execute");
    }

    function test_gas_escrow_stake() public {
        vm.prank(buyer);
        escrow.stake{value: 0.1 ether}("another", 0.5 ether);
        vm.snapshotGasLastCall("Stakes: first stake of a buyer");
    }

    function test_gas_escrow_upgrade_covered() public {
        vm.prank(buyer);
        escrow.upgrade(LISTING, 1 ether);
        vm.snapshotGasLastCall("Stakes: upgrade, covered");
    }

    function test_gas_escrow_upgrade_topUp() public {
        vm.prank(buyer);
        escrow.upgrade{value: 0.1 ether}(LISTING, 2 ether);
        vm.snapshotGasLastCall("Stakes: upgrade with a top-up");
    }

    function test_gas_escrow_isCovered() public {
        escrow.isCovered(_stakeId);
        vm.snapshotGasLastCall("Stakes: is a buyer covered");
    }

    function test_gas_governor_requireEntry() public {
        governor.requireEntry();
        vm.snapshotGasLastCall("Stakes: ask whether entry is open");
    }

    function test_gas_governor_get() public {
        governor.get("thawPeriod");
        vm.snapshotGasLastCall("Stakes: read a parameter");
    }

    /// @dev A contract of 24 bytes: what the registry itself costs.
    function test_gas_registry_deploy_small() public {
        bytes memory code = hex"6018600c60003960186000f3600060005260206000f3000000000000000000000000";
        vm.prank(governing);
        _places.deploy("Small", 1, code);
        vm.snapshotGasLastCall("Stakes: deploy 24 bytes by the registry");
    }
}
